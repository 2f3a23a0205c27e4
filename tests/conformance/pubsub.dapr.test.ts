import { fromBase64, toBase64 } from "../../host/base64.ts";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import { daprPubSub } from "../../host/components/pubsub/dapr.ts";
import type { MessageHandler, PublishRequest, PubSub } from "../../host/components/pubsub/pubsub.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { createRuntime } from "../../host/node/create-runtime.ts";
import { webPlatform } from "../../host/web-platform.ts";
import { pubSubSuite } from "./pubsub.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * What the suite publishes, whatever it is, as the data of CloudEvents: the API of a sidecar carries nothing else, and
 * tells its own content type.
 */
function enveloped(component: PubSub): PubSub {
  return {
    publish({ data, contentType, ...request }: PublishRequest) {
      const envelope = {
        id: crypto.randomUUID(),
        source: "suite",
        specversion: "1.0",
        type: "test",
        datacontenttype: contentType,
        data_base64: toBase64(data),
      };
      const bytes = encoder.encode(JSON.stringify(envelope));
      return component.publish({ ...request, data: bytes, contentType: "application/cloudevents+json" });
    },
    subscribe(request, handler: MessageHandler) {
      return component.subscribe(request, ({ data, ...message }) => {
        const { datacontenttype, data_base64 } = JSON.parse(decoder.decode(data));
        return handler({ ...message, contentType: datacontenttype, data: fromBase64(data_base64) });
      });
    },
    close: () => component.close(),
  };
}

/** In front of a daprlet with a broker in memory, in this process: no sockets, one clock. */
pubSubSuite(daprPubSub(), async () => {
  const clock = new FakeClock();
  const remote = await createRuntime({
    appId: "remote",
    clock,
    log: silent,
    components: [{ name: "messagebus", type: "pubsub.in-memory" }],
  });
  const opened: PubSub[] = [];
  return {
    async open(appId) {
      const definition = daprPubSub();
      const metadata = new Map([["url", "https://remote.example"]]);
      const decoded = decodeMetadata("messagebus", definition.metadata, metadata, () => undefined);
      const component = await definition.open(decoded, {
        name: "messagebus",
        appId,
        namespace: "default",
        platform: { ...webPlatform(silent), clock, fetch: (url, init) => remote.fetch(url, init) },
        log: silent,
        get core(): never {
          throw new Error("pubsub.dapr asks the core for nothing");
        },
        relays: { open: () => Promise.reject(new Error("pubsub.dapr opens no relay")) },
      });
      const wrapped = enveloped(component);
      opened.push(wrapped);
      return wrapped;
    },
    pass: (ms) => clock.advance(ms),
    async stop() {
      await Promise.all(opened.map((component) => component.close()));
      await remote.stop();
    },
  };
});
