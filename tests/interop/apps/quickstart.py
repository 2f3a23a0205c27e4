# A program in the shape of Dapr's quickstarts, in Python: requests and Flask over HTTP, Dapr's own package to invoke.
import os

import requests
from dapr.clients.http.dapr_invocation_http_client import DaprInvocationHttpClient
from flask import Flask, jsonify, request

app = Flask(__name__)
port = os.environ["DAPR_HTTP_PORT"]
base = f"http://localhost:{port}/v1.0"
received = []


def told(answer):
    body = answer.text
    try:
        body = answer.json()
    except ValueError:
        pass
    return [answer.status_code, body]


@app.get("/dapr/subscribe")
def subscribe():
    return jsonify([{"pubsubname": "pubsub", "topic": "orders-py", "route": "orders"}])


@app.post("/orders")
def orders():
    event = request.json
    received.append({"data": event["data"], "topic": event["topic"], "source": event["source"]})
    return jsonify({"success": True})


@app.get("/received")
def show():
    return jsonify(received)


@app.post("/echo")
def echo():
    return jsonify({"got": request.json, "caller": request.headers.get("dapr-caller-app-id")})


@app.post("/run")
def run():
    app_id = os.environ["APP_ID"]
    transcript = []
    for order in range(1, 4):
        item = [{"key": f"py-{order}", "value": {"orderId": order}}]
        transcript.append(["save", told(requests.post(f"{base}/state/statestore", json=item))])
        transcript.append(["get", told(requests.get(f"{base}/state/statestore/py-{order}"))])
    transcript.append(["delete", told(requests.delete(f"{base}/state/statestore/py-1"))])
    transcript.append(["get", told(requests.get(f"{base}/state/statestore/py-1"))])
    event = {"orderId": 7}
    transcript.append(["publish", told(requests.post(f"{base}/publish/pubsub/orders-py", json=event))])
    transcript.append(["secret", told(requests.get(f"{base}/secrets/localsecretstore/secret"))])
    keys = [("key", "orderId1"), ("key", "orderId2")]
    transcript.append(["configuration", told(requests.get(f"{base}/configuration/configstore", params=keys))])
    write = {"operation": "create", "data": "aGk=", "metadata": {"fileName": "py.txt"}}
    transcript.append(["binding", told(requests.post(f"{base}/bindings/files", json=write))[0]])
    read = {"operation": "get", "metadata": {"fileName": "py.txt"}}
    transcript.append(["binding", told(requests.post(f"{base}/bindings/files", json=read))])
    answer = DaprInvocationHttpClient().invoke_method(app_id, "echo", b'{"n":1}', content_type="application/json", http_verb="POST")
    transcript.append(["invoke", answer.json()["got"]])
    return jsonify(transcript)


app.run(host="127.0.0.1", port=int(os.environ["APP_PORT"]), threaded=True)
