import type { ComponentContext } from "../../host/components/component.ts";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import type { PubSub, PubSubDefinition } from "../../host/components/pubsub/pubsub.ts";
import { relayPubSub } from "../../host/components/pubsub/relay.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { Relay } from "../../host/mesh/relay.ts";
import { RelayClient } from "../../host/mesh/relay-client.ts";
import { MemorySockets, silent } from "../mesh/memory-sockets.ts";
import { pubSubSuite } from "./pubsub.ts";

async function harness() {
  const clock = new FakeClock();
  const sockets = new MemorySockets(clock);
  const platform = sockets.platform();
  sockets.relay = new Relay({ platform, grants: [] });
  let opened: PubSub[] = [];
  let killed = false;
  return {
    async open(appId: string) {
      killed = false;
      const context: ComponentContext = {
        name: "messagebus",
        appId,
        namespace: "default",
        platform,
        log: silent,
        get core(): never {
          throw new Error("pubsub.relay asks the core for nothing");
        },
        // A client each: every opening is a member of its own, as a process would be.
        relays: new RelayClient(platform),
      };
      const metadata = new Map([["url", "wss://relay.example"]]);
      const decoded = decodeMetadata("messagebus", relayPubSub.metadata, metadata, () => undefined);
      const component = await relayPubSub.open(decoded, context);
      opened.push(component);
      return component;
    },
    pass: (ms: number) => clock.advance(ms),
    async kill() {
      killed = true;
      opened = [];
      sockets.up = false;
      sockets.cut();
      // Longer than the relay holds what was under way for a member that may come back.
      await clock.advance(4_500);
      sockets.up = true;
    },
    async stop() {
      if (!killed) await Promise.all(opened.map((component) => component.close()));
      await sockets.relay?.close();
    },
  };
}

pubSubSuite(relayPubSub, harness, {
  gaps: {
    "says that it keeps nothing for an app that was never there, and keeps nothing":
      "it keeps it for as long as the relay runs, which the run below proves; it is not DURABLE all the same",
  },
});

/** The relay's memory outlives the apps: what a durable component promises holds for as long as the relay runs. */
const whileTheRelayRuns: PubSubDefinition = {
  ...relayPubSub,
  features: [...relayPubSub.features, "DURABLE"],
};

pubSubSuite(whileTheRelayRuns, harness);
