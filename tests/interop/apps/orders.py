# The book's Python sender: one order after the other to the binding, by plain HTTP.
import json
import os
import sys
import time
import urllib.request

url = "http://localhost:%s/v1.0/bindings/sample-topic" % os.environ["DAPR_HTTP_PORT"]
count, pause = int(sys.argv[1]), float(sys.argv[2])
for n in range(1, count + 1):
    body = json.dumps({"data": {"orderId": n}}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        print(n, response.status, flush=True)
    time.sleep(pause)
