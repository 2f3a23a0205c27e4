// An instance on Node of the demo's app with the thousand actors.
import { actorApp } from "../dist/node/actors.js";
import { startSidecar } from "../dist/node/index.js";

/** Hosts cells, and takes its share of those of all browsers on the relay. */
export async function hostCells(Cell, relay) {
  class Here extends Cell {
    constructor(self) {
      // It is no tab.
      super(self, 0);
    }
  }
  let port = 0;
  const app = actorApp(
    { Cell: Here },
    { sidecar: "", fetch: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init) },
  );
  const sidecar = await startSidecar({
    appId: "crowd",
    app: (request) => app.fetch(request),
    components: [{ name: "statestore", type: "state.in-memory", metadata: { actorStateStore: "true" } }],
    relay,
    logLevel: "warn",
  });
  port = sidecar.port;
  return sidecar;
}
