// An app written with Dapr's own SDK that takes the events of two bindings and tells what came.
import { CommunicationProtocolEnum, DaprServer, HttpMethod } from "@dapr/dapr";

const server = new DaprServer({
  serverHost: "127.0.0.1",
  serverPort: process.env.APP_PORT,
  communicationProtocol: CommunicationProtocolEnum.HTTP,
  clientOptions: { daprHost: "127.0.0.1", daprPort: process.env.DAPR_HTTP_PORT },
});
const received = [];
for (const name of ["tick", "queue"]) {
  await server.binding.receive(name, async (data) => {
    received.push({ name, data });
  });
}
await server.invoker.listen("received", async () => received, { method: HttpMethod.GET });
await server.start();
