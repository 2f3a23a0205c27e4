import { afterEach, describe, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/index.ts";
import { type Given, type Metadata, subscribesToNothing, yaml } from "./sidecar.ts";

let runtime: LocalRuntime | undefined;
afterEach(() => runtime?.stop());

async function start(...components: readonly Given[]): Promise<LocalRuntime> {
  runtime = await createRuntime({
    appId: "shop",
    components: yaml(
      components,
      components.map(({ name }) => name),
    ),
    app: subscribesToNothing((request) => new Response(request.url.replace("http://localhost", ""))),
  });
  return runtime;
}

describe("routeralias", () => {
  const target = "/v1.0/invoke/shop/method/orders";
  const alias = (metadata: Metadata): Given => ({ name: "alias", type: "routeralias", metadata });
  const table = {
    "/orders": target,
    "/orders/{id}/lines/{line}": `${target}/lines`,
    "/sorted/{m}": target,
    "/with": `${target}?kind=a`,
    "/blank": "/v1.0/invoke/shop/method/a b",
  };
  const json = JSON.stringify(table);

  it.each([
    ["/orders", "/orders"],
    ["/orders?q=%20x&q=2", "/orders?q=%20x&q=2"],
    ["/orders/7/lines/a%20b?z=1", "/orders/lines?id=7&line=a+b&z=1"],
    ["/sorted/1?z=1&a=2&m=0&b=%2a", "/orders?a=2&b=%2A&m=0&m=1&z=1"],
    ["/with?x=1", "/orders?kind=a&x=1"],
    ["//orders/./7/../7/lines/1", "/orders/lines?id=7&line=1"],
    ["/blank", "/a%20b"],
  ])("%s is %s", async (path, expected) => {
    const sidecar = await start(alias({ routes: json }));
    expect(await (await sidecar.fetch(path)).text()).toBe(expected);
  });

  it.each(["/orders/7/lines", "/orders/7/lines/1/2", "/Orders", "/%zz"])("leaves %s alone", async (path) => {
    const sidecar = await start(alias({ routes: json }));
    expect([400, 404]).toContain((await sidecar.fetch(path)).status);
  });

  it("takes YAML, and Dapr's first form", async () => {
    const forms = [
      { routes: `"/orders": "${target}"\n/x: ${target}\n` },
      { "/orders": target, "/x": target },
    ];
    for (const metadata of forms) {
      const sidecar = await start(alias(metadata));
      for (const path of ["/orders", "/x"]) expect(await (await sidecar.fetch(path)).text()).toBe("/orders");
      await sidecar.stop();
    }
  });

  it.each([
    ["[]", /expected a mapping of paths to paths/],
    ['{"/a": 1}', /expected a path for \/a/],
    ['{"a": "/b"}', /begin with a slash/],
    ['{"/a": "b"}', /begin with a slash/],
    ['{"/{id:[0-9]+}": "/b"}', /a parameter is a segment of its own/],
  ])("%s does not open", async (routes, message) => {
    await expect(start(alias({ routes }))).rejects.toThrow(message);
  });
});

describe("routerchecker", () => {
  const checker = (rule: string): Given => ({ name: "check", type: "routerchecker", metadata: { rule } });

  it.each([
    ["/v1.0/invoke/shop/method/a", 200],
    ["/v1.0/invoke/shop/method/a?b=c", 400],
    ["/v1.0/healthz", 400],
    ["/v1.0/invoke/shop/method/../../../healthz", 400],
    ["/v1.0/invoke/shop/method/%2e%2e/%2e%2e/%2e%2e/healthz", 400],
    ["/v1.0/invoke/shop/../other/method/a", 400],
    ["//v1.0/invoke/shop/method/a", 400],
  ] as const)("%s: %i", async (path, expected) => {
    const sidecar = await start(checker("^/v1\\.0/invoke/shop/[A-Za-z0-9/.%]+$"));
    const answer = await sidecar.fetch(path);
    expect(answer.status).toBe(expected);
    if (expected === 400) expect(await answer.text()).toBe("invalid router");
  });

  it("takes Go's expressions, in linear time", async () => {
    const sidecar = await start(checker("^(?i)/V1\\.0/(\\pL+|[[:alpha:]/])+(a+)+$"));
    expect((await sidecar.fetch(`/v1.0/x/${"a".repeat(1000)}b`)).status).toBe(400);
  });

  it("does not open without a rule, or with one that is none", async () => {
    await expect(start({ name: "check", type: "routerchecker" })).rejects.toThrow(/rule is required/);
    await expect(start(checker("(?=a)"))).rejects.toThrow(/rule: expected a regular expression/);
  });
});

describe("uppercase", () => {
  const upper: Given = { name: "upper", type: "uppercase" };
  const echo = async (body: BodyInit) => {
    runtime = await createRuntime({
      appId: "shop",
      components: yaml([upper], ["upper"]),
      app: subscribesToNothing(async (request) => new Response(await request.text())),
    });
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    return await runtime.fetch("/v1.0/invoke/shop/method/x", init);
  };

  it("keeps characters whole that chunks cut through", async () => {
    const bytes = new TextEncoder().encode("aé€😀ßz");
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    expect(await (await echo(stream)).text()).toBe("AÉ€😀ßZ");
  });

  it("leaves a body that is too large to the block", async () => {
    const answer = await echo(new Uint8Array((4 << 20) + 1).fill(97));
    expect(await answer.json()).toMatchObject({ errorCode: "ERR_DIRECT_INVOKE" });
  });
});
