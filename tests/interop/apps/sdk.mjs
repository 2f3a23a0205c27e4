// An app written with Dapr's own SDK: it subscribes, answers invocations and tells what it received.
import { CommunicationProtocolEnum, DaprPubSubStatusEnum, DaprServer, HttpMethod } from "@dapr/dapr";

const server = new DaprServer({
  serverHost: "127.0.0.1",
  serverPort: process.env.APP_PORT,
  communicationProtocol: CommunicationProtocolEnum.HTTP,
  clientOptions: { daprHost: "127.0.0.1", daprPort: process.env.DAPR_HTTP_PORT },
});
const received = [];
let refusals = 1;

await server.invoker.listen("hello", async ({ body, query }) => ({ body, query }), {
  method: HttpMethod.POST,
});
await server.invoker.listen("received", async () => received, { method: HttpMethod.GET });
await server.pubsub.subscribe("pubsub", "orders", async (data) => {
  received.push({ topic: "orders", data });
});
await server.pubsub.subscribe("pubsub", "refused-once", async (data) => {
  received.push({ topic: "refused-once", data });
  return refusals-- > 0 ? DaprPubSubStatusEnum.RETRY : DaprPubSubStatusEnum.SUCCESS;
});
await server.start();
