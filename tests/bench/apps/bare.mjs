// An empty HTTP server: what a Node process costs to start.
import { createServer } from "node:http";

createServer((_, response) => response.writeHead(204).end()).listen(Number(process.env.PORT), "127.0.0.1");
