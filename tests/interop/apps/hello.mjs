// The book's first app: it greets, and counts its greetings in the state store.
import { createServer } from "node:http";

const state = `http://localhost:${process.env.DAPR_HTTP_PORT}/v1.0/state/statestore`;

async function body(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

async function count() {
  const found = await fetch(`${state}/mystate`);
  const n = found.status === 204 ? 0 : Number(await found.text()) + 1;
  const saved = await fetch(state, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([{ key: "mystate", value: n }]),
  });
  if (!saved.ok) throw new Error(`not saved: ${saved.status}`);
  return n;
}

createServer(async (request, response) => {
  const text = await body(request);
  if (request.url === "/greeting" && request.method === "GET") return response.end("Hello, World!");
  if (request.url === "/greeting") return response.end(`Hello, ${JSON.parse(text).data}!`);
  if (request.url === "/counted") {
    const n = await count();
    return response.end(`I've greeted you ${n} ${n === 1 ? "time" : "times"}.`);
  }
  response.writeHead(404).end();
}).listen(Number(process.env.APP_PORT), "127.0.0.1");
