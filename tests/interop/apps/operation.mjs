// One back end of the calculator: which one, its app id says.
import { createServer } from "node:http";

const operations = {
  addapp: (a, b) => a + b,
  subtractapp: (a, b) => a - b,
  multiplyapp: (a, b) => a * b,
  divideapp: (a, b) => a / b,
};
const operate = operations[process.env.OPERATION];

createServer(async (request, response) => {
  if (request.method !== "POST") return response.writeHead(404).end();
  let body = "";
  for await (const chunk of request) body += chunk;
  const { operandOne, operandTwo } = JSON.parse(body);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(operate(Number(operandOne), Number(operandTwo))));
}).listen(Number(process.env.APP_PORT), "127.0.0.1");
