// The app behind the sidecars that are measured: answers at once, counts the events it is given.
import { createServer } from "node:http";

let events = 0;
const subscriptions = JSON.stringify([{ pubsubname: "pubsub", topic: "bench", route: "/bench" }]);

createServer((request, response) => {
  const { url } = request;
  request.resume();
  if (url === "/dapr/subscribe") {
    return response.writeHead(200, { "content-type": "application/json" }).end(subscriptions);
  }
  if (url === "/dapr/config") return response.writeHead(404).end();
  if (url === "/count") return response.end(String(events));
  // As Zipkin's collector.
  if (url === "/api/v2/spans") return response.writeHead(202).end();
  if (url === "/bench") {
    events++;
    return response.writeHead(200, { "content-length": "0" }).end();
  }
  response
    .writeHead(200, { "content-type": "application/json", "content-length": "13" })
    .end('{"hello":"x"}');
}).listen(Number(process.env.APP_PORT), "127.0.0.1");
