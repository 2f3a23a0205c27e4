// The app of the demo that gives out work to visitors, on Node.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { coordinator } from "../dist/lent.js";
import { startSidecar } from "../dist/node/index.js";

/** Joins the relay by which visitors reach it. */
export async function giveOutWork(projectsOf, packages, relay) {
  const hashOf = (name) =>
    createHash("sha256")
      .update(readFileSync(`${packages}/${name}/capability.json`))
      .digest("hex");
  let port = 0;
  const app = coordinator({
    projects: projectsOf(hashOf),
    fetch: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
  });
  const sidecar = await startSidecar({
    appId: "lent",
    app: app.fetch,
    components: [
      { name: "statestore", type: "state.in-memory" },
      { name: "pubsub", type: "pubsub.relay", metadata: { url: relay } },
    ],
    relay,
    logLevel: "warn",
  });
  port = sidecar.port;
  await app.start();
  return {
    async stop() {
      app.stop();
      await sidecar.stop();
    },
  };
}
