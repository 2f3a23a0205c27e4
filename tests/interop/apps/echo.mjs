// The book's PHP echo, and what else the walkthroughs ask of an app: it tells what it was sent, and remembers it.
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";

const seen = [];
const subscriptions = process.env.SUBSCRIPTIONS ?? "[]";

createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { method, url, headers } = request;
  response.setHeader("content-type", "application/json");
  if (url === "/dapr/subscribe") return response.end(subscriptions);
  if (url === "/dapr/config") return response.writeHead(404).end();
  if (url === "/seen") return response.end(JSON.stringify(seen));
  seen.push({ method, uri: url, headers, body });
  // Outlives a SIGKILL, which what is kept in memory does not.
  if (process.env.SEEN_FILE !== undefined)
    appendFileSync(process.env.SEEN_FILE, `${JSON.stringify({ url, body })}\n`);
  console.log(`${method} ${url} ${body}`);
  if (url === "/silent") return response.writeHead(200, { "content-length": "0" }).end();
  response.end(JSON.stringify({ method, uri: url, headers, body }));
}).listen(Number(process.env.APP_PORT), "127.0.0.1");
