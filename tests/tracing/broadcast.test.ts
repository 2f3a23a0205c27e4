import { afterEach, beforeEach, expect, it } from "vitest";
import { extendRegistry } from "../../host/components/extend-registry.ts";
import { nodeRegistry } from "../../host/node/registry.ts";
import {
  broadcastChannelExporter,
  type SpanBatch,
} from "../../worker/components/exporters-broadcastchannel.ts";
import { startChain } from "./chain.ts";

const registry = extendRegistry(nodeRegistry, [broadcastChannelExporter]);
let listener: BroadcastChannel;
let heard: SpanBatch[];

beforeEach(() => {
  heard = [];
  listener = new BroadcastChannel("spans");
  // Node's own event has no type of its own that fits the DOM's.
  listener.onmessage = (event) => void heard.push((event as MessageEvent<SpanBatch>).data);
});
afterEach(() => listener.close());

it.each([
  ["its own name", "spans", {}],
  ["the channel of its metadata", "traces", { channel: "spans" }],
])("a page hears the spans of a call from all its apps, masked, on %s", async (_, name, more) => {
  const exporter = { name, type: "exporters.broadcastchannel", metadata: { mask: "url.full", ...more } };
  const chain = await startChain([exporter], { registry });
  await chain.ask("?status=403");
  await chain.stop();
  await expect.poll(() => heard.flatMap(({ spans }) => spans)).toHaveLength(4);
  const all = heard.flatMap(({ appId, spans }) => spans.map((span) => ({ appId, ...span })));
  const found = all.map(({ appId, kind, name, parentId, status }) => {
    const parent = all.find(({ spanId }) => spanId === parentId);
    return [appId, kind, name, parent?.appId, status.message];
  });
  expect(found.sort()).toEqual([
    ["a", "client", "relay", undefined, "Permission Denied"],
    ["b", "client", "answer", "b", "Permission Denied"],
    ["b", "server", "relay", "a", "Permission Denied"],
    ["c", "server", "answer", "b", "Permission Denied"],
  ]);
  const urls = all
    .filter(({ kind }) => kind === "client")
    .map(({ attributes }) => attributes.get("url.full"));
  expect(urls).toEqual(["***", "***"]);
});
