import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";

interface DepositEvent {
  readonly id: string;
  readonly source: string;
  readonly data: { readonly account: string; readonly amount: number };
}
interface Options {
  readonly store: string;
  readonly key: string;
  readonly sidecar: string;
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>;
  change(before: number | undefined): number;
}
type ApplyOnce = (event: DepositEvent, options: Options) => Promise<boolean>;

/** The function as the page in docs/ prints it. */
async function printed(): Promise<ApplyOnce> {
  const page = readFileSync(new URL("../../docs/exactly-once.md", import.meta.url), "utf8");
  const [, code = ""] = /```js\n(\/\*\*[\s\S]*?)```/.exec(page) ?? [];
  const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return module.applyOnce as ApplyOnce;
}

/** What a plain handler would do. */
const naive: ApplyOnce = async (_, { store, key, change, fetch }) => {
  const found = await fetch(`/v1.0/state/${store}/${key}`);
  const value = change(found.status === 204 ? undefined : ((await found.json()) as number));
  await fetch(`/v1.0/state/${store}`, { method: "POST", body: JSON.stringify([{ key, value }]) });
  return true;
};

const stores = [
  ["state.in-memory", ""],
  ["state.sqlite", "\n  metadata:\n  - {name: connectionString, value: ':memory:'}"],
] as const;

/** 30 deposits to two accounts, each delivered again after it took effect, several at a time. */
async function balances(type: string, metadata: string, applyOnce: ApplyOnce): Promise<unknown[]> {
  const delivered = new Map<string, number>();
  let answered = 0;
  const runtime: LocalRuntime = await createRuntime({
    appId: "bank",
    components: `kind: Component
metadata: {name: statestore}
spec:
  type: ${type}
  version: v1${metadata}
---
kind: Component
metadata: {name: pubsub}
spec: {type: pubsub.in-memory, version: v1}
---
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: deposits}
spec: {pubsubname: pubsub, topic: deposits, routes: {default: /deposits}}
`,
    app: async (request) => {
      if (new URL(request.url).pathname !== "/deposits") return new Response(null, { status: 404 });
      const event = (await request.json()) as DepositEvent;
      const { account, amount } = event.data;
      try {
        await applyOnce(event, {
          store: "statestore",
          key: account,
          sidecar: "",
          fetch: (url, init) => runtime.fetch(url, init),
          change: (balance = 0) => balance + amount,
        });
      } catch {
        return new Response(null, { status: 500 });
      }
      const times = (delivered.get(event.id) ?? 0) + 1;
      delivered.set(event.id, times);
      // It took effect, and the first answer to it is lost.
      if (times === 1) return new Response(null, { status: 500 });
      answered++;
      return new Response();
    },
  });
  for (let n = 1; n <= 30; n++) {
    const body = JSON.stringify({ account: n % 2 === 0 ? "even" : "odd", amount: n });
    const headers = { "content-type": "application/json" };
    await runtime.fetch("/v1.0/publish/pubsub/deposits", { method: "POST", headers, body });
  }
  for (let waited = 0; answered < 30 && waited < 600; waited++) await runtime.advance(1_000);
  const read = async (key: string) => await (await runtime.fetch(`/v1.0/state/statestore/${key}`)).json();
  const found = [answered, await read("even"), await read("odd")];
  await runtime.stop();
  return found;
}

describe("the recipe for an effect exactly once", () => {
  it.each(stores)("adds every deposit once, though each is delivered again: %s", async (type, metadata) => {
    expect(await balances(type, metadata, await printed())).toEqual([30, 240, 225]);
  });

  it("which a plain handler does not", async () => {
    const [, even, odd] = await balances(...stores[0], naive);
    expect([even, odd]).not.toEqual([240, 225]);
  });
});
