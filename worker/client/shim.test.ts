import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { WireRequest, WireResponse } from "../messages.ts";
import type { Door } from "./door.ts";
import { shimFetch } from "./shim.ts";

/** A shim over a door that answers from the list, and what it was asked. */
function shim(...answers: WireResponse[]) {
  const asked: WireRequest[] = [];
  const call = (request: WireRequest) => {
    asked.push(request);
    return Promise.resolve(answers.shift() as WireResponse);
  };
  const network = vi.fn(() => Promise.resolve(new Response("network")));
  const fetch = shimFetch({
    fetch: network,
    addresses: () => ({ origin: "https://page.test", scopePath: "/", ports: [3500] }),
    door: () => ({ call }) as unknown as Door,
  });
  return { fetch, asked, network };
}

const answer = (status: number, ...headers: string[]): WireResponse => ({
  status,
  headers,
  body: new TextEncoder().encode("x"),
});

describe("the page's fetch", () => {
  beforeEach(() => vi.stubGlobal("document", { baseURI: "https://page.test/" }));
  afterEach(() => vi.unstubAllGlobals());

  it("asks the sidecar for its own addresses and the network for all others", async () => {
    const { fetch, asked, network } = shim(answer(200), answer(200), answer(200));
    await fetch("/v1.0/metadata?a=b");
    await fetch(new URL("http://[::1]:3500/any"));
    await fetch("/orders", { headers: { "Dapr-App-Id": "b" } });
    expect(asked.map(({ path, query }) => [path, query])).toEqual([
      ["/v1.0/metadata", "a=b"],
      ["/any", ""],
      ["/orders", ""],
    ]);
    expect(await (await fetch("/orders")).text()).toBe("network");
    expect(network).toHaveBeenCalledTimes(1);
  });

  it("answers 503 in Dapr's shape where the browser can hold no such answer", async () => {
    for (const broken of [answer(999), answer(200, "a b", "c")]) {
      const response = await shim(broken).fetch("/v1.0/invoke/a/method/x");
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ errorCode: "ERR_RUNTIME_UNAVAILABLE" });
    }
  });

  it("takes a header's value for no header's name", async () => {
    const { fetch, asked } = shim(
      answer(200),
      answer(302, "x-kind", "location", "location", "/v1.0/there"),
      answer(200),
    );
    await fetch("/v1.0/a", { method: "POST", body: "text", headers: { "x-names": "content-type" } });
    expect(asked[0]?.headers).toContain("text/plain;charset=UTF-8");
    await fetch("/v1.0/b");
    expect(asked.map(({ path }) => path)).toEqual(["/v1.0/a", "/v1.0/b", "/v1.0/there"]);
  });

  it("follows redirects with the method and body that HTTP keeps", async () => {
    const { fetch, asked } = shim(
      answer(307, "location", "/v1.0/b"),
      answer(303, "location", "c"),
      answer(200),
    );
    const response = await fetch("/v1.0/a", { method: "PUT", body: "sent" });
    expect(response.url).toBe("https://page.test/v1.0/c");
    expect(asked.map(({ method, body }) => [method, body === undefined])).toEqual([
      ["PUT", false],
      ["PUT", false],
      ["GET", true],
    ]);
  });
});
