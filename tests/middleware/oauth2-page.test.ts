import "fake-indexeddb/auto";
import { afterEach, describe, expect, it } from "vitest";
import { extendRegistry } from "../../host/components/extend-registry.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/index.ts";
import { nodeRegistry } from "../../host/node/registry.ts";
import { oauth2 } from "../../worker/components/oauth2-middleware.ts";
import { login, startProvider } from "./provider.ts";
import { type Metadata, subscribesToNothing, Told, yaml } from "./sidecar.ts";

const orders = "/v1.0/invoke/shop/method/orders?of=me";
const navigation = { headers: { "sec-fetch-mode": "navigate" } };

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

let scopes = 0;

/** A browser's sidecar of a scope of its own, which can be stopped and started as browsers do with workers. */
async function browser(metadata: Metadata = {}, base = `/${++scopes}`) {
  const provider = await startProvider("microsoft");
  closing.push(() => provider.stop());
  const clock = new FakeClock();
  const seen: (string | null)[] = [];
  const told = new Told();
  const start = async (more: Metadata = {}): Promise<LocalRuntime> => {
    const redirectURL = `https://site.test${base}/v1.0/invoke/shop/method/back`;
    const given = { ...login(provider, redirectURL), authStyle: "1", ...metadata, ...more };
    const storage = { databasePrefix: `daprlet:${base}/:`, incarnation: undefined };
    const runtime = await createRuntime({
      appId: "shop",
      clock,
      log: told.log,
      registry: extendRegistry(nodeRegistry, [oauth2(storage)]),
      components: yaml([{ name: "auth", type: "oauth2", metadata: given }], ["auth"]),
      app: subscribesToNothing((request) => {
        seen.push(request.headers.get("authorization"));
        return new Response("orders");
      }),
    });
    closing.push(() => runtime.stop());
    return runtime;
  };
  return { provider, start, seen, base };
}

/** To the provider and its page; answers where its button leads, as the worker is asked for it. */
async function toProvider(runtime: LocalRuntime, base: string, path = orders): Promise<URL> {
  const sent = await runtime.fetch(path, navigation);
  expect([sent.status, sent.headers.get("set-cookie")]).toEqual([302, null]);
  const page = await (await fetch(sent.headers.get("location") ?? "")).text();
  const back = new URL(/href="([^"]+)"/.exec(page)?.[1]?.replaceAll("&amp;", "&") ?? "");
  expect(back.pathname).toBe(`${base}/v1.0/invoke/shop/method/back`);
  back.pathname = back.pathname.slice(base.length);
  return back;
}

const land = (runtime: LocalRuntime, { pathname, search }: URL) =>
  runtime.fetch(pathname + search, navigation);

async function logIn(runtime: LocalRuntime, base: string): Promise<Response> {
  return await land(runtime, await toProvider(runtime, base));
}

describe("oauth2 in a page", () => {
  it("leads a tab to the provider and back into the scope, tells scripts to, and outlives the worker", async () => {
    const { provider, start, seen, base } = await browser();
    const runtime = await start();
    const refused = await runtime.fetch(orders);
    expect([refused.status, await refused.text()]).toEqual([
      401,
      expect.stringMatching(/^log in first: open/),
    ]);
    const admitted = await logIn(runtime, base);
    expect([admitted.status, admitted.headers.get("location"), admitted.headers.get("set-cookie")]).toEqual([
      302,
      `https://site.test${base}${orders}`,
      null,
    ]);
    expect((await runtime.fetch(orders, { headers: { authorization: "mine" } })).status).toBe(200);
    await runtime.stop();
    expect((await (await start()).fetch(orders)).status).toBe(200);
    expect(seen).toEqual(["Bearer token-1", "Bearer token-1"]);
    expect(provider.asked.map(({ form }) => form.has("code_verifier"))).toEqual([true]);
  });

  it.each([
    ["a state that was not begun here", (url: URL) => url.searchParams.set("state", "another"), 400],
    ["no code", (url: URL) => url.searchParams.delete("code"), 400],
    ["a wrong code", (url: URL) => url.searchParams.set("code", "wrong"), 400],
  ])("%s ends the login", async (_, change, status) => {
    const { start, seen, base } = await browser();
    const runtime = await start();
    const back = await toProvider(runtime, base);
    change(back);
    expect((await land(runtime, back)).status).toBe(status);
    expect((await runtime.fetch(orders)).status).toBe(401);
    expect(seen).toEqual([]);
  });

  it("takes a code once, in time, and of its own client", async () => {
    const { start, base } = await browser();
    const runtime = await start();
    const [first, late] = [await toProvider(runtime, base), await toProvider(runtime, base)];
    const stranger = await toProvider(runtime, base);
    expect((await land(runtime, first)).status).toBe(302);
    expect(await (await land(runtime, first)).text()).toBe("invalid state");
    await runtime.stop();
    const other = await start({ clientId: "another" });
    expect((await land(other, stranger)).status).toBe(400);
    expect((await other.fetch(orders)).status).toBe(401);
    await other.advance(11 * 60_000);
    expect((await land(other, late)).status).toBe(400);
    await other.stop();
    expect((await (await start()).fetch(orders)).status).toBe(200);
  });

  it("says who the client is that has no secret, and proves nothing", async () => {
    const { provider, start, base } = await browser({ clientSecret: "", authStyle: "0" });
    await logIn(await start(), base);
    expect(
      provider.asked.map(({ basic, form }) => [basic, form.get("client_id"), form.has("client_secret")]),
    ).toEqual([[false, "the client", false]]);
  });

  it("ends a session with its token", async () => {
    const { start, base } = await browser();
    const runtime = await start();
    await logIn(runtime, base);
    await runtime.advance(3_590_000);
    expect((await runtime.fetch(orders)).status).toBe(200);
    await runtime.advance(10_000);
    expect((await runtime.fetch(orders)).status).toBe(401);
  });

  it("answers scripts an id for a header, where they ask for that", async () => {
    const { start, seen, base } = await browser({ mode: "header" });
    const runtime = await start();
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) ids.push((await (await logIn(runtime, base)).json()).authorization);
    expect(new Set(ids).size).toBe(2);
    const answers = [...ids, "none", ""].map(
      async (id) => (await runtime.fetch(orders, { headers: { authorization: `Bearer ${id}` } })).status,
    );
    expect(await Promise.all(answers)).toEqual([200, 200, 401, 401]);
    expect((await runtime.fetch(orders)).status).toBe(401);
    expect(seen.sort()).toEqual(["Bearer token-1", "Bearer token-2"]);
  });

  it("keeps a hundred logins that have begun, and forgets the oldest", async () => {
    const { start, base } = await browser();
    const runtime = await start();
    const oldest = await toProvider(runtime, base);
    await runtime.advance(1);
    const next = await toProvider(runtime, base);
    await runtime.advance(1);
    for (let i = 0; i < 99; i++) await runtime.fetch(orders, navigation);
    expect((await land(runtime, oldest)).status).toBe(400);
    expect((await land(runtime, next)).status).toBe(302);
  });

  it("has sites at the root of their origin lead back there, too", async () => {
    const { start } = await browser({}, "");
    const runtime = await start();
    expect((await logIn(runtime, "")).headers.get("location")).toBe(`https://site.test${orders}`);
  });
});
