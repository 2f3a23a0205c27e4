// The actors behind the sidecars that are measured: they answer at once, or save their state first,
// at the sidecar whose port they were told.
import { Agent, createServer, request as send } from "node:http";

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const config = JSON.stringify({ entities: ["Bench"], actorIdleTimeout: "1h" });
let sidecarPort = 0;
const state = JSON.stringify([{ operation: "upsert", request: { key: "n", value: { n: 1 } } }]);

/** Saves the state of the actor whose path it is, then calls back. */
function save(path, done) {
  const options = {
    agent,
    host: "127.0.0.1",
    port: sidecarPort,
    method: "POST",
    path: `/v1.0${path.slice(0, path.indexOf("/method/"))}/state`,
    headers: { "content-type": "application/json", "content-length": state.length },
  };
  send(options, (answer) => answer.resume().on("end", () => done(answer.statusCode))).end(state);
}

createServer((request, response) => {
  const { url = "" } = request;
  request.resume();
  if (url === "/dapr/config") {
    return response.writeHead(200, { "content-type": "application/json" }).end(config);
  }
  const answer = (status) =>
    response.writeHead(status, { "content-type": "application/json", "content-length": "1" }).end("1");
  if (url.startsWith("/sidecar/")) {
    sidecarPort = Number(url.slice("/sidecar/".length));
    return answer(200);
  }
  if (!url.startsWith("/actors/")) return response.writeHead(404).end();
  if (url.endsWith("/save")) return save(url, (status) => answer(status === 204 ? 200 : 500));
  answer(200);
}).listen(Number(process.env.APP_PORT), "127.0.0.1");
