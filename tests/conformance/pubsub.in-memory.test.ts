import type { ComponentContext } from "../../host/components/component.ts";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import { InMemoryBroker, inMemoryPubSub } from "../../host/components/pubsub/in-memory.ts";
import type { PubSub } from "../../host/components/pubsub/pubsub.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { webPlatform } from "../../host/web-platform.ts";
import { pubSubSuite } from "./pubsub.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

pubSubSuite(inMemoryPubSub(), async () => {
  const clock = new FakeClock();
  const definition = inMemoryPubSub(new InMemoryBroker());
  const opened: PubSub[] = [];
  return {
    async open(appId) {
      const context: ComponentContext = {
        name: "messagebus",
        appId,
        namespace: "default",
        platform: { ...webPlatform(silent), clock },
        log: silent,
        get core(): never {
          throw new Error("pubsub.in-memory asks the core for nothing");
        },
        relays: { open: () => Promise.reject(new Error("pubsub.in-memory opens no relay")) },
      };
      const metadata = decodeMetadata("messagebus", definition.metadata, new Map(), () => undefined);
      const component = await definition.open(metadata, context);
      opened.push(component);
      return component;
    },
    pass: (ms) => clock.advance(ms),
    async stop() {
      await Promise.all(opened.map((component) => component.close()));
    },
  };
});
