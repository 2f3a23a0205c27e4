import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Chain, exporterYaml, startChain, tracingYaml } from "./chain.ts";
import { type Collector, startCollector, type ZipkinSpan } from "./collector.ts";

let collectors: Collector[];
let chain: Chain | undefined;
beforeEach(async () => {
  collectors = await Promise.all([startCollector(), startCollector()]);
});
afterEach(async () => {
  await chain?.stop();
  chain = undefined;
  await Promise.all(collectors.map((collector) => collector.close()));
});

const zipkin = () => collectors[0] as Collector;
const second = () => collectors[1] as Collector;

/** Starts the chain, does something, ends it: all spans are there then. */
async function during(
  components: string,
  work: (chain: Chain) => Promise<void>,
  options: Parameters<typeof startChain>[1] = {},
  passed?: readonly string[],
): Promise<ZipkinSpan[]> {
  chain = await startChain(components, options, passed);
  await work(chain);
  await chain.stop();
  return zipkin().spans();
}

/** From the first hop to the last, each the parent of the next. */
function inOrder(spans: readonly ZipkinSpan[], root?: string): ZipkinSpan[] {
  const sorted: ZipkinSpan[] = [];
  for (let parent = root; ; parent = sorted.at(-1)?.id) {
    const next = spans.find(({ parentId }) => parentId === parent);
    if (next === undefined) return sorted;
    sorted.push(next);
  }
}

const statuses: readonly (readonly [status: number, tags: Readonly<Record<string, string>>])[] = [
  [200, { "otel.status_code": "OK" }],
  [201, { "otel.status_code": "OK" }],
  [400, { "otel.status_code": "ERROR", error: "Invalid Argument" }],
  [403, { "otel.status_code": "ERROR", error: "Permission Denied" }],
  [404, { "otel.status_code": "ERROR", error: "Not Found" }],
  [500, { "otel.status_code": "ERROR", error: "Internal" }],
  [418, { "otel.status_code": "ERROR", error: "418" }],
];

describe("T31: spans of a → b → c", () => {
  it("are a client and a server for each hop, named by the method, in one trace, with the book's statuses", async () => {
    const yaml =
      tracingYaml("1") + exporterYaml("zipkin", { exporterAddress: `${zipkin().url}/api/v2/spans` });
    const spans = await during(yaml, async ({ ask }) => {
      for (const [status] of statuses) expect((await ask(`?status=${status}`)).status).toBe(status);
    });
    expect(zipkin().received.every(({ path }) => path === "/api/v2/spans")).toBe(true);
    const ids = [...new Set(spans.map(({ traceId }) => traceId))];
    expect(ids).toHaveLength(statuses.length);
    const found = ids.map((id) => {
      const trace = spans.filter(({ traceId }) => traceId === id);
      expect(trace).toHaveLength(4);
      const hops = inOrder(trace);
      expect(hops.map(({ kind, name, localEndpoint }) => [localEndpoint.serviceName, kind, name])).toEqual([
        ["a", "CLIENT", "relay"],
        ["b", "SERVER", "relay"],
        ["b", "CLIENT", "answer"],
        ["c", "SERVER", "answer"],
      ]);
      expect(hops.map(({ remoteEndpoint }) => remoteEndpoint?.serviceName)).toEqual(["b", "a", "c", "b"]);
      const [tags] = hops.map(({ tags }) => tags);
      for (const hop of hops) {
        expect(hop.duration).toBeGreaterThan(0);
        expect(hop.tags.error).toBe(tags?.error);
        expect(hop.tags["otel.status_code"]).toBe(tags?.["otel.status_code"]);
      }
      return [Number(tags?.["dapr.status_code"]), tags?.["otel.status_code"], tags?.error];
    });
    const expected = statuses.map(([status, tags]) => [status, tags["otel.status_code"], tags.error]);
    expect(found.sort()).toEqual(expected.sort());
  });

  it("are named as today's Dapr names them where it is to be exactly that", async () => {
    const yaml = exporterYaml("zipkin", { exporterAddress: zipkin().url });
    const spans = await during(yaml, async ({ ask }) => void (await ask("?status=404")), { strict: true });
    const hops = inOrder(spans).map(({ name, tags }) => [name, tags["otel.status_code"]]);
    expect(hops).toEqual([
      ["CallLocal/b/relay", "ERROR"],
      ["CallLocal/b/relay", undefined],
      ["CallLocal/c/answer", "ERROR"],
      ["CallLocal/c/answer", undefined],
    ]);
  });

  it('are none with "0", and the trace of a caller passes as it is', async () => {
    const yaml = tracingYaml("0") + exporterYaml("zipkin", { exporterAddress: zipkin().url });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const spans = await during(yaml, async ({ ask, seen }) => {
      const answer = await ask("", { traceparent, baggage: "not baggage" });
      expect(answer.status).toBe(200);
      expect(answer.headers.has("traceparent")).toBe(false);
      expect(seen.map(({ headers }) => headers.get("traceparent"))).toEqual([traceparent, traceparent]);
    });
    expect(spans).toEqual([]);
  });

  it("go to every exporter, the Configuration's and the components', each under its own mask", async () => {
    const section = `    zipkin: { endpointAddress: "${zipkin().url}/api/v2/spans" }`;
    const mask = "url.*, dapr.api";
    const yaml = tracingYaml("1", section) + exporterYaml("zipkin", { exporterAddress: second().url, mask });
    const spans = await during(yaml, async ({ ask }) => void (await ask("?status=200")));
    const others = second().spans();
    const bare = (list: readonly ZipkinSpan[]) =>
      list.map(({ tags, ...rest }) => rest).sort((x, y) => x.id.localeCompare(y.id));
    expect(bare(spans)).toHaveLength(4);
    expect(bare(others)).toEqual(bare(spans));
    const urls = (list: readonly ZipkinSpan[]) => new Set(list.map(({ tags }) => tags["url.full"]));
    expect(urls(spans)).toContain("/v1.0/invoke/b/method/relay?status=200");
    expect([...urls(others)].filter((url) => url !== undefined)).toEqual(["***"]);
    expect(new Set(others.map(({ tags }) => tags["dapr.api"]))).toEqual(new Set(["***"]));
  });

  it("are none of an exporter that is not enabled", async () => {
    const yaml = exporterYaml("zipkin", { exporterAddress: zipkin().url, enabled: "false" });
    const spans = await during(yaml, async ({ ask }) => {
      expect((await ask("")).headers.has("traceparent")).toBe(false);
    });
    expect(spans).toEqual([]);
  });
});

describe("sampling", () => {
  const sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  it("follows the caller: its trace goes on with its state, and what it does not sample is not recorded", async () => {
    const yaml = tracingYaml("0.0001") + exporterYaml("zipkin", { exporterAddress: zipkin().url });
    const spans = await during(yaml, async ({ ask, seen }) => {
      const answer = await ask("", { traceparent: sampled, tracestate: "vendor=1" });
      expect(answer.headers.get("traceparent")).toMatch(
        /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/,
      );
      expect(answer.headers.get("tracestate")).toBe("vendor=1");
      expect(seen.map(({ headers }) => headers.get("tracestate"))).toEqual(["vendor=1", "vendor=1"]);
      await ask("", { traceparent: sampled.replace(/01$/, "00").replace("319c", "319d") });
      expect(seen.at(-1)?.headers.get("traceparent")).toMatch(
        /^00-0af7651916cd43dd8448eb211c80319d-[0-9a-f]{16}-00$/,
      );
    });
    expect(inOrder(spans, "b7ad6b7169203331")).toHaveLength(4);
    expect(spans).toHaveLength(4);
  });

  it("begins a trace where the caller's is malformed, without its state", async () => {
    const yaml = exporterYaml("zipkin", { exporterAddress: zipkin().url });
    const spans = await during(yaml, async ({ ask, seen }) => {
      await ask("", { traceparent: sampled.replace(/^00/, "ff"), tracestate: "vendor=1" });
      expect(seen.map(({ headers }) => headers.get("tracestate"))).toEqual([undefined, undefined]);
    });
    expect(inOrder(spans)).toHaveLength(4);
  });
});

describe("T32: the correlation of a → b → c", () => {
  const header = "x-correlation-id";

  it.each([
    ["both headers", ["traceparent", header]],
    ["nothing but the trace", ["traceparent"]],
  ])("reaches both callees, and stands on the spans, where b hands on %s", async (_, passed) => {
    const yaml = exporterYaml("zipkin", { exporterAddress: zipkin().url });
    const spans = await during(
      yaml,
      async ({ ask, seen }) => {
        await ask("", { [header]: "abc-1" });
        expect(seen.map(({ app, headers }) => [app, headers.get(header)])).toEqual([
          ["b", "abc-1"],
          ["c", "abc-1"],
        ]);
      },
      {},
      passed,
    );
    expect(spans.map(({ tags }) => tags[`http.request.header.${header}`])).toEqual(Array(4).fill("abc-1"));
  });
});

describe("baggage", () => {
  it("reaches the app and comes back; what is none is refused in text", async () => {
    const yaml = exporterYaml("zipkin", { exporterAddress: zipkin().url });
    await during(yaml, async ({ ask, seen, a }) => {
      const good = await ask("", { baggage: "k=v,x=y;p=1" });
      expect(good.headers.get("baggage")).toBe("k=v,x=y;p=1");
      expect(seen[0]?.headers.get("baggage")).toBe("k=v,x=y;p=1");
      for (const baggage of ["a b", "=v", "k", "k=v;=bad", "k=v,", `k=${"v".repeat(9000)}`]) {
        const bad = await ask("", { baggage });
        expect([baggage, bad.status, bad.headers.get("content-type")]).toEqual([baggage, 400, "text/plain"]);
        expect(await bad.text()).toMatch(/^invalid baggage header: /);
      }
      expect((await a.fetch("/v1.0/healthz", { headers: { baggage: "a b" } })).status).toBe(204);
      expect(seen).toHaveLength(2);
    });
  });
});
