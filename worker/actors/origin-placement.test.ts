import { afterEach, expect, it } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import type { RuntimeResponse } from "../../host/http.ts";
import { nodeCore } from "../../host/node/core-module.ts";
import { webPlatform } from "../../host/web-platform.ts";
import { silent } from "../../tests/mesh/memory-sockets.ts";
import type { PageConnection } from "../page-connection.ts";
import { FormerHosts } from "./former-hosts.ts";
import { OriginCoordinator } from "./origin-coordinator.ts";
import { OriginPlacement } from "./origin-placement.ts";

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

const clock = new FakeClock();

/** A page that takes part in placement until it stands still, and never answers a call. */
function hosting(placement: OriginPlacement, name: string) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const of = { key: `key of ${name}`, incarnation: 1 };
  let still = false;
  let pings = 1;
  const say = (message: object) => {
    if (!still) port2.postMessage({ type: "placement", message: { ...message, ...of } });
  };
  let [seen, acknowledged] = [0, 0];
  port2.onmessage = ({ data }) => {
    if (data.type !== "placement" || data.message.t !== "step") return;
    seen = acknowledged = data.message.step;
    say({ t: "alive", ping: ++pings, seen, acknowledged });
  };
  const connection = {
    open: true,
    clientId: name,
    invoke: () => new Promise<RuntimeResponse>(() => undefined),
  } as unknown as PageConnection;
  placement.host(connection, "app", port1, {
    store: async () => undefined,
    turn: () => new Promise(() => undefined),
  });
  say({ t: "join", ping: 1, revision: 1, name, types: ["Cat"] });
  return {
    ping: () => say({ t: "alive", ping: ++pings, seen, acknowledged }),
    stand() {
      still = true;
    },
  };
}

it("gives up a call that a page has in hand once others own what it had", async () => {
  const platform = { ...webPlatform(silent), clock };
  const former = new FormerHosts(clock.now());
  const placement = new OriginPlacement({
    namespace: "default",
    platform,
    core: await nodeCore(),
    former,
    coordinator: new OriginCoordinator("default", platform, former),
    present: async () => true,
  });
  const pages = [hosting(placement, "one"), hosting(placement, "two")];
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds * 4; i++) {
      for (const page of pages) page.ping();
      await new Promise((resolve) => setTimeout(resolve, 1));
      await clock.advance(250);
    }
  };
  await pass(2);
  expect(placement.owners.hosts.map(({ name }) => name).sort()).toEqual(["one", "two"]);
  const call = placement.send(
    { name: "one", appId: "app" },
    { method: "PUT", path: "/v1.0/actors/Cat/1/method/meow", query: "", headers: [], body: undefined },
    placement.owners.version,
  );
  let ended: unknown;
  call.catch((error: unknown) => {
    ended = error;
  });
  await pass(3);
  expect(ended).toBeUndefined();
  pages[0]?.stand();
  await pass(4);
  expect(ended).toBeUndefined();
  await pass(6);
  expect(ended).toMatchObject({ name: "UnavailableError", sent: true });
});
