// One of the messaging patterns as an app with a port: PROGRAM names it, PROGRAMS is the module that has them all.
import { createServer } from "node:http";

const { programs } = await import(process.env.PROGRAMS);
const sidecar = `http://localhost:${process.env.DAPR_HTTP_PORT}`;
const app = programs[process.env.PROGRAM]((path, init) => fetch(sidecar + path, init));

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method, headers } = request;
  const body = method === "GET" || method === "HEAD" ? undefined : Buffer.concat(chunks);
  const fields = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  const answer = await app.fetch(
    new Request(`http://localhost${request.url}`, { method, headers: fields, body }),
  );
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
}).listen(Number(process.env.APP_PORT), "127.0.0.1");
