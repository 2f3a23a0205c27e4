import { afterEach, describe, expect, it } from "vitest";
import { BegunLogins } from "../../host/components/middleware/oauth2/begun-logins.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/index.ts";
import { nodePlatform } from "../../host/node/node-platform.ts";
import { consoleLog } from "../../host/web-platform.ts";
import { client, login, type Provider, type Shape, startProvider } from "./provider.ts";
import { subscribesToNothing, yaml } from "./sidecar.ts";

const callback = "http://localhost:3500/v1.0/invoke/shop/method/back";
const wanted = "/v1.0/invoke/shop/method/orders?of=me";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Shop {
  readonly provider: Provider;
  readonly runtime: LocalRuntime;
  /** What the app was asked: path, header authorization, cookies. */
  readonly seen: [path: string, authorization: string | null, cookie: string | null][];
  readonly logged: string[];
}

async function shop(
  shape: Shape,
  metadata: Readonly<Record<string, string>> = {},
  type = "oauth2",
): Promise<Shop> {
  const provider = await startProvider(shape);
  closing.push(() => provider.stop());
  const seen: Shop["seen"] = [];
  const logged: string[] = [];
  const log = (message: string, fields?: object) => logged.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const given =
    type === "oauth2"
      ? login(provider, callback)
      : { ...client, tokenURL: `${provider.url}/token`, scopes: "a,b", headerName: "Authorization" };
  const runtime = await createRuntime({
    appId: "shop",
    clock: new FakeClock(),
    log: { debug: log, info: log, warn: log, error: log },
    components: yaml([{ name: "auth", type, metadata: { ...given, ...metadata } }], ["auth"]),
    app: subscribesToNothing((request) => {
      const { pathname, search } = new URL(request.url);
      seen.push([pathname + search, request.headers.get("authorization"), request.headers.get("cookie")]);
      return new Response("orders");
    }),
  });
  closing.push(() => runtime.stop());
  return { provider, runtime, seen, logged };
}

/** A browser, as far as cookies go. */
class Visitor {
  readonly cookies = new Map<string, string>();

  constructor(readonly runtime: LocalRuntime) {}

  async get(url: string, headers: Record<string, string> = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await this.runtime.fetch(url, { headers: { ...headers, ...(cookie && { cookie }) } });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  /** To the provider and its page; answers where its button leads. */
  async toProvider(path = wanted): Promise<URL> {
    const sent = await this.get(path);
    expect(sent.status).toBe(302);
    const page = await (await fetch(sent.headers.get("location") ?? "")).text();
    return new URL(/href="([^"]+)"/.exec(page)?.[1]?.replaceAll("&amp;", "&") ?? "");
  }
}

describe("T30: oauth2", () => {
  it("sends who has no token to the provider, with what it has to know", async () => {
    const { runtime, provider, seen } = await shop("github");
    const sent = await runtime.fetch(wanted);
    const location = new URL(sent.headers.get("location") ?? "");
    expect([sent.status, location.origin + location.pathname]).toEqual([302, `${provider.url}/authorize`]);
    const { state, code_challenge, ...known } = Object.fromEntries(location.searchParams);
    expect(known).toEqual({
      response_type: "code",
      client_id: "the client",
      redirect_uri: callback,
      scope: "a b",
      access_type: "offline",
      code_challenge_method: "S256",
    });
    expect([state?.length, code_challenge?.length]).toEqual([43, 43]);
    expect(sent.headers.get("set-cookie")).toMatch(
      /^daprlet-oauth2-[\w-]{8}-[\w-]+=[\w.-]+; Path=\/v1\.0\/invoke\/shop\/method\/back; HttpOnly; SameSite=Lax; Max-Age=600$/,
    );
    expect(seen).toEqual([]);
  });

  it.each<[Shape, basic: boolean[]]>([
    ["github", [true, false]],
    ["google", [true]],
    ["microsoft", [true, false]],
    ["twitter", [true]],
  ])("a provider of the shape of %s: the app sees the token, and no cookie of ours", async (shape, basic) => {
    const { runtime, provider, seen, logged } = await shop(shape);
    const visitor = new Visitor(runtime);
    const back = await visitor.toProvider();
    const admitted = await visitor.get(back.pathname + back.search);
    expect([admitted.status, admitted.headers.get("location")]).toEqual([
      302,
      `http://localhost:3500${wanted}`,
    ]);
    visitor.cookies.set("theirs", "1");
    const answer = await visitor.get(wanted);
    expect([answer.status, await answer.text()]).toEqual([200, "orders"]);
    const token = `token-${provider.asked.length}`;
    expect(seen).toEqual([["/orders?of=me", `Bearer ${token}`, "theirs=1"]]);
    expect(provider.asked.map((one) => one.basic)).toEqual(basic);
    expect(JSON.stringify([...visitor.cookies]) + logged.join()).not.toContain(token);
  });

  it.each([
    ["a wrong state", (url: URL) => url.searchParams.set("state", "wrong"), 400],
    ["no code", (url: URL) => url.searchParams.delete("code"), 400],
    ["a wrong code", (url: URL) => url.searchParams.set("code", "wrong"), 400],
    [
      "a refusal",
      (url: URL) => {
        url.searchParams.delete("code");
        url.searchParams.set("error", "access_denied");
      },
      403,
    ],
  ])("%s ends the login, and the app is not called", async (_, change, status) => {
    const { runtime, seen } = await shop("google");
    const visitor = new Visitor(runtime);
    const back = await visitor.toProvider();
    change(back);
    expect((await visitor.get(back.pathname + back.search)).status).toBe(status);
    expect((await visitor.get(wanted)).status).toBe(302);
    expect(seen).toEqual([]);
  });

  it("a code that comes twice, from elsewhere, or too late is refused", async () => {
    const { runtime, seen } = await shop("google");
    const visitor = new Visitor(runtime);
    const back = await visitor.toProvider();
    const cookies = [...visitor.cookies];
    const path = back.pathname + back.search;
    expect((await new Visitor(runtime).get(path)).status).toBe(400); // somebody was sent the link
    expect((await visitor.get(path)).status).toBe(302);
    const again = new Visitor(runtime);
    for (const [name, value] of cookies) again.cookies.set(name, value);
    expect((await again.get(path)).status).toBe(400);
    const slow = new Visitor(runtime);
    const late = await slow.toProvider();
    await runtime.advance(11 * 60_000);
    expect((await slow.get(late.pathname + late.search)).status).toBe(400);
    expect(seen).toEqual([]);
  });

  it("a login that somebody changed on the way is refused", async () => {
    const { runtime, provider } = await shop("google");
    const visitor = new Visitor(runtime);
    const back = await visitor.toProvider();
    const [[name = "", value = ""] = []] = visitor.cookies;
    const [until = "", target = "", signature = ""] = value.split(".");
    const elsewhere = Buffer.from("/v1.0/secrets/a/b").toString("base64url");
    for (const changed of [
      `zzzzzzzzz.${target}.${signature}`,
      `${until}.${elsewhere}.${signature}`,
      `${until}.${target}.${"A".repeat(43)}`,
      `${until}.${target}`,
      "",
    ]) {
      visitor.cookies.set(name, changed);
      expect((await visitor.get(back.pathname + back.search)).status).toBe(400);
    }
    const other = await visitor.toProvider();
    const [, [its = ""] = []] = visitor.cookies;
    visitor.cookies.set(its, value);
    expect((await visitor.get(other.pathname + other.search)).status).toBe(400);
    expect(provider.asked).toEqual([]);
    visitor.cookies.set(name, value);
    expect((await visitor.get(back.pathname + back.search)).status).toBe(302);
  });

  it("thousands who begin a login push nobody out", async () => {
    const logins = new BegunLogins({ ...nodePlatform(consoleLog("error", "test")), clock: new FakeClock() });
    const { state, verifier, cookie } = await logins.begin(wanted);
    for (let i = 0; i < 10_001; i++) await logins.begin("/");
    expect(await logins.finish(state, cookie)).toEqual({ verifier, target: wanted });
  });

  it.each([
    ["another port", { redirectURL: callback.replace("3500", "3501") }, false],
    ["another client", { clientId: "another" }, false],
    ["another secret", { clientSecret: "renewed" }, true],
    ["a name of its own", { cookieName: "mine" }, false],
  ])("sidecars of one host have cookies of their own: %s", async (_, metadata, same) => {
    const names: string[] = [];
    const { provider } = await shop("google");
    for (const other of [{}, metadata]) {
      const given = { ...login(provider, callback), ...other };
      const runtime = await createRuntime({
        appId: "shop",
        components: yaml([{ name: "auth", type: "oauth2", metadata: given }], ["auth"]),
      });
      closing.push(() => runtime.stop());
      const set = (await runtime.fetch(wanted)).headers.get("set-cookie") ?? "";
      names.push(set.slice(0, set.indexOf("=") - 9));
    }
    expect(names[0] === names[1]).toBe(same);
  });

  it("two tabs may log in at once, and a session ends with its token", async () => {
    const { runtime } = await shop("google");
    const visitor = new Visitor(runtime);
    const [first, second] = [await visitor.toProvider(), await visitor.toProvider()];
    expect((await visitor.get(second.pathname + second.search)).status).toBe(302);
    expect((await visitor.get(first.pathname + first.search)).status).toBe(302);
    expect((await visitor.get(wanted)).status).toBe(200);
    await runtime.advance(3_599_000);
    expect((await visitor.get(wanted)).status).toBe(302);
  });

  it("leads back to its own host alone, whatever the path was", async () => {
    const { runtime } = await shop("google", { forceHTTPS: "true" });
    const visitor = new Visitor(runtime);
    const back = await visitor.toProvider("//evil.example/x");
    const admitted = await visitor.get(back.pathname + back.search);
    expect(admitted.headers.get("location")).toBe("https://localhost:3500//evil.example/x");
    expect(admitted.headers.get("set-cookie")).toContain("; Secure");
  });

  it("by header: the login answers what the caller shows from then on", async () => {
    const { runtime, seen } = await shop("google", { mode: "header" });
    const visitor = new Visitor(runtime);
    const back = await visitor.toProvider();
    const { authorization } = (await (await visitor.get(back.pathname + back.search)).json()) as {
      authorization: string;
    };
    expect((await visitor.get(wanted)).status).toBe(302);
    expect((await visitor.get(wanted, { authorization: `Bearer ${authorization}` })).status).toBe(200);
    expect(seen).toEqual([["/orders?of=me", "Bearer token-1", null]]);
  });

  it("a provider that is away or answers nonsense is a 502, and nothing of its answer is told", async () => {
    const { runtime, provider, logged } = await shop("google");
    provider.instead = (response) => response.writeHead(500).end("a secret");
    const visitor = new Visitor(runtime);
    const back = await visitor.toProvider();
    const answer = await visitor.get(back.pathname + back.search);
    expect([answer.status, await answer.text()]).toEqual([
      502,
      "the provider could not be asked for a token",
    ]);
    expect(logged.join()).toContain("answered 500");
    expect(logged.join()).not.toContain("a secret");
  });

  it.each(["Bearer\r\nx-admin: yes", "constructor", ""])(
    "a token of the type %j is no other header",
    async (type) => {
      const { runtime, provider, seen } = await shop("google");
      provider.instead = (response) => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ access_token: "t", token_type: type }));
      };
      const visitor = new Visitor(runtime);
      const back = await visitor.toProvider();
      const { status } = await visitor.get(back.pathname + back.search);
      if (status === 302) await visitor.get(wanted);
      expect(seen.map(([, authorization]) => authorization)).toEqual(
        type.includes("\n") ? [] : [type === "" ? "Bearer t" : "constructor t"],
      );
    },
  );

  it("keeps no long addresses of people who have not logged in", async () => {
    const { runtime } = await shop("google");
    const answer = await runtime.fetch(`/v1.0/invoke/shop/method/orders?of=${"x".repeat(10_000)}`);
    expect(answer.status).toBe(414);
  });

  it.each([
    [{}, true],
    [{ exceptFor: "/v1.0/invoke/shop/method/back" }, false],
    [{ onlyFor: "/v1.0/invoke/shop/method/orders" }, false],
  ])("lets another site lead to what it answers itself: %j: %s", async (limits, expected) => {
    const { runtime } = await shop("google", limits);
    const { pathname: path } = new URL(callback);
    expect(runtime.pipelines.lands({ path, query: "state=x", headers: [] })).toBe(expected);
  });

  it("paths that pathFilter does not match pass as they are", async () => {
    const { runtime, seen } = await shop("google", { pathFilter: "/method/orders" });
    expect((await runtime.fetch("/v1.0/invoke/shop/method/free")).status).toBe(200);
    expect((await runtime.fetch("/v1.0/invoke/shop/method/free/../orders")).status).toBe(302);
    expect(seen).toHaveLength(1);
  });

  it.each([
    ["/orders", { "dapr-app-id": "shop" }],
    ["/orders", { authorization: `Basic ${btoa("dapr-app-id:shop")}` }],
    ["/v1.0/invoke/shop.default/method/orders", {}],
    ["/v1.0/invoke/shop/method/orders", { "dapr-app-id": "elsewhere" }],
  ] as const)("pathFilter knows %s with %j as what it leads to, too", async (path, headers) => {
    const { runtime, seen } = await shop("google", { pathFilter: "^/v1.0/invoke/shop/method/orders" });
    expect((await runtime.fetch(path, { headers })).status).toBe(302);
    expect(seen).toEqual([]);
  });
});

describe("oauth2clientcredentials", () => {
  const type = "oauth2clientcredentials";

  it("asks once for all who wait, uses the token until its end, and lets no caller bring their own", async () => {
    const { runtime, provider, seen } = await shop(
      "microsoft",
      { endpointParamsQuery: "resource=r&x=1&x=2" },
      type,
    );
    const call = () => runtime.fetch(wanted, { headers: { authorization: "mine" } });
    await Promise.all([call(), call(), call()]);
    await runtime.advance(3_590_000);
    await call();
    expect(seen.map(([, token]) => token)).toEqual([...Array(3).fill("Bearer own-2"), "Bearer own-3"]);
    // Microsoft's takes the body alone: that was found out with the first.
    expect(provider.asked.map(({ basic }) => basic)).toEqual([true, false, false]);
    const { client_secret, ...form } = Object.fromEntries(provider.asked[2]?.form ?? []);
    expect(form).toEqual({
      grant_type: "client_credentials",
      client_id: "the client",
      scope: "a b",
      resource: "r",
      x: "2",
    });
  });

  it("without a token nothing is sent on, and the next request tries again", async () => {
    const { runtime, provider, seen, logged } = await shop("google", {}, type);
    provider.instead = (response) => response.writeHead(200).end('{"access_token":"with\\nbreak"}');
    expect((await runtime.fetch(wanted)).status).toBe(502);
    provider.instead = undefined;
    expect((await runtime.fetch(wanted)).status).toBe(200);
    expect(seen).toHaveLength(1);
    expect(logged.join()).not.toContain("break");
  });

  it.each([
    [{ authStyle: "3" }, "authStyle: expected 0 (find out), 1 (in the body) or 2 (in the header)"],
    [{ tokenURL: "ftp://a" }, "tokenURL: expected an http(s) URL"],
    [{ clientId: "" }, "clientId: is required"],
  ])("%j is refused", async (metadata, sentence) => {
    await expect(shop("google", metadata as Record<string, string>, type)).rejects.toThrow(sentence);
  });
});
