// Takes the orders of a binding; the third is refused the first time. GET /orders tells what came.
import { createServer } from "node:http";

const orders = [];
let inside = 0;
let most = 0;

createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  if (request.url === "/orders") return response.end(JSON.stringify({ orders, most }));
  if (request.url !== "/sample-topic") return response.writeHead(404).end();
  if (request.method === "OPTIONS") return response.end();
  most = Math.max(most, ++inside);
  await new Promise((resolve) => setTimeout(resolve, 20));
  inside--;
  const refused = body === '{"orderId": 3}' && !orders.some((order) => order.body === body);
  orders.push({ body, contentType: request.headers["content-type"], refused });
  response.writeHead(refused ? 500 : 200).end();
}).listen(Number(process.env.APP_PORT), "127.0.0.1");
