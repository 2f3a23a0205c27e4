// An app that refuses every event of one topic, and tells when each came and what went to the dead letters.
import { createServer } from "node:http";

const refused = [];
const dead = [];
createServer((request, response) => {
  const answer = (status, value) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  request.resume().on("end", () => {
    switch (request.url) {
      case "/dapr/subscribe":
        return answer(200, [
          { pubsubname: "pubsub", topic: "refused", route: "refused", deadLetterTopic: "dead" },
          { pubsubname: "pubsub", topic: "dead", route: "dead" },
        ]);
      case "/refused":
        refused.push(Date.now());
        return answer(500, {});
      case "/dead":
        dead.push(Date.now());
        return answer(200, {});
      case "/seen":
        return answer(200, { refused, dead });
      default:
        return answer(404, {});
    }
  });
}).listen(Number(process.env.APP_PORT), "127.0.0.1");
