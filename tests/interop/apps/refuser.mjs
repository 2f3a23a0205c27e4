// An app that refuses every event of one topic, and tells when each came and what went to the dead letters. Under
// /answers/<name>/<status> it answers that, the slower where the name is slow, and counts by name.
import { createServer } from "node:http";

const refused = [];
const dead = [];
const counts = {};
createServer((request, response) => {
  const answer = (status, value) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  request.resume().on("end", () => {
    const [, name, status] = /^\/answers\/(\w+)\/(\d+)$/.exec(request.url) ?? [];
    if (name !== undefined) {
      counts[name] = (counts[name] ?? 0) + 1;
      return setTimeout(() => answer(Number(status), { count: counts[name] }), name === "slow" ? 1_000 : 0);
    }
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
        return answer(200, { refused, dead, counts });
      default:
        return answer(404, {});
    }
  });
}).listen(Number(process.env.APP_PORT), "127.0.0.1");
