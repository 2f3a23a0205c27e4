// A program in the shape of Dapr's quickstarts, in JavaScript: Dapr's own package over HTTP, fetch where it has nothing.
import { createServer } from "node:http";
import { CommunicationProtocolEnum, DaprClient, HttpMethod } from "@dapr/dapr";

const { APP_PORT, DAPR_HTTP_PORT, APP_ID } = process.env;
const client = new DaprClient({
  daprHost: "127.0.0.1",
  daprPort: DAPR_HTTP_PORT,
  communicationProtocol: CommunicationProtocolEnum.HTTP,
});
const base = `http://127.0.0.1:${DAPR_HTTP_PORT}/v1.0`;
const received = [];

async function told(answer) {
  const { status } = await answer;
  const text = await (await answer).text();
  try {
    return [status, JSON.parse(text)];
  } catch {
    return [status, text];
  }
}

async function run() {
  const transcript = [];
  for (let order = 1; order < 4; order++) {
    await client.state.save("statestore", [{ key: `js-${order}`, value: { orderId: order } }]);
    transcript.push(["get", await client.state.get("statestore", `js-${order}`)]);
  }
  await client.state.delete("statestore", "js-1");
  transcript.push(["get", await client.state.get("statestore", "js-1")]);
  const items = await client.state.getBulk("statestore", ["js-2", "js-3"]);
  transcript.push(["bulk", items.map(({ key, data }) => [key, data]).sort()]);
  await client.state.transaction("statestore", [
    { operation: "upsert", request: { key: "js-4", value: "four" } },
    { operation: "delete", request: { key: "js-2" } },
  ]);
  transcript.push(["get", await client.state.get("statestore", "js-4")]);
  const published = await client.pubsub.publish("pubsub", "orders-js", { orderId: 7 });
  transcript.push(["publish", published.error === undefined]);
  const many = await client.pubsub.publishBulk("pubsub", "orders-js", [{ orderId: 8 }, { orderId: 9 }]);
  transcript.push(["publish bulk", many.failedMessages.length]);
  transcript.push(["secret", await client.secret.get("localsecretstore", "secret")]);
  transcript.push(["secrets", await client.secret.getBulk("localsecretstore")]);
  const keys = "key=orderId1&key=orderId2";
  transcript.push(["configuration", await told(fetch(`${base}/configuration/configstore?${keys}`))]);
  await client.binding.send("files", "create", "hi", { fileName: "js.txt" });
  transcript.push(["binding", await client.binding.send("files", "get", undefined, { fileName: "js.txt" })]);
  transcript.push(["invoke", await client.invoker.invoke(APP_ID, "echo", HttpMethod.POST, { n: 1 })]);
  return transcript;
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  const answer = (status, value) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  switch (`${request.method} ${request.url}`) {
    case "GET /dapr/subscribe":
      return answer(200, [{ pubsubname: "pubsub", topic: "orders-js", route: "orders" }]);
    case "POST /orders": {
      const { data, topic, source } = JSON.parse(body);
      received.push({ data, topic, source });
      return answer(200, { success: true });
    }
    case "GET /received":
      return answer(200, received);
    case "POST /echo":
      return answer(200, { got: JSON.parse(body) });
    case "POST /run":
      return run().then(
        (transcript) => answer(200, transcript),
        (error) => answer(500, { failed: error.message }),
      );
    default:
      return answer(404, {});
  }
});
server.listen(Number(APP_PORT), "127.0.0.1");
