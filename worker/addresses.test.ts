import { describe, expect, it } from "vitest";
import { type Addresses, internalPath, locate } from "./addresses.ts";

const root: Addresses = { origin: "https://site.test", scopePath: "/", ports: [3500, 80] };
const shop: Addresses = { ...root, scopePath: "/shop/" };

function at(url: string, addresses = root, addressed = false): string | undefined {
  const found = locate(new URL(url), addresses, addressed);
  return found && `${found.path}?${found.query}`;
}

describe("locate", () => {
  it.each([
    ["https://site.test/v1.0/state/s/k?metadata.a=b", "/v1.0/state/s/k?metadata.a=b"],
    ["https://site.test/v1.0-alpha1/state/s/query", "/v1.0-alpha1/state/s/query?"],
    ["https://site.test/v1.0-beta1/workflows/x", "/v1.0-beta1/workflows/x?"],
    ["https://site.test/v1.0", "/v1.0?"],
    ["https://site.test/v1/capabilities/detect/object", "/v1/capabilities/detect/object?"],
    ["https://site.test/v1.0/invoke/a/method/b%2Fc", "/v1.0/invoke/a/method/b%2Fc?"],
  ])("%s is the API's", (url, expected) => expect(at(url)).toBe(expected));

  it.each([
    "https://site.test/",
    "https://site.test/v1.01/state",
    "https://site.test/v1.0-alpha3/x",
    "https://site.test/v1/other",
    "https://site.test/V1.0/state",
    "https://site.test/app/v1.0/state",
    "https://elsewhere.test/v1.0/state",
    "http://site.test/v1.0/state",
    "http://localhost:3501/v1.0/state",
    "http://localhost.evil.test:3500/v1.0/state",
    "ftp://localhost:3500/v1.0/state",
  ])("%s is not", (url) => expect(at(url)).toBeUndefined());

  it.each([
    "http://localhost:3500",
    "https://localhost:3500",
    "http://127.0.0.1:3500",
    "http://[::1]:3500",
    "http://localhost",
  ])("every path of %s is", (origin) => {
    expect(at(`${origin}/anything/at/all?x=1`)).toBe("/anything/at/all?x=1");
    expect(at(`${origin}/`)).toBe("/?");
  });

  it("leaves a site alone that is itself served from localhost:3500, but for the API", () => {
    const own: Addresses = { origin: "http://localhost:3500", scopePath: "/", ports: [3500] };
    expect(at("http://localhost:3500/index.html", own)).toBeUndefined();
    expect(at("http://localhost:3500/v1.0/healthz", own)).toBe("/v1.0/healthz?");
    expect(at("http://127.0.0.1:3500/index.html", own)).toBe("/index.html?");
  });

  it("finds the API below a site's path and at the root", () => {
    expect(at("https://site.test/shop/v1.0/state/s/k", shop)).toBe("/v1.0/state/s/k?");
    expect(at("https://site.test/v1.0/state/s/k", shop)).toBe("/v1.0/state/s/k?");
    expect(at("https://site.test/shop/index.html", shop)).toBeUndefined();
  });

  it("takes any path of the own origin that is addressed by dapr-app-id, without the site's own", () => {
    expect(at("https://site.test/orders?x=1", root, true)).toBe("/orders?x=1");
    expect(at("https://site.test/shop/orders", shop, true)).toBe("/orders?");
    expect(at("https://elsewhere.test/orders", root, true)).toBeUndefined();
  });
});

describe("internalPath", () => {
  it("is what follows the scope's own folder", () => {
    const path = (url: string, addresses: Addresses) => internalPath(new URL(url), addresses);
    expect(path("https://site.test/shop/__daprlet/call/v1.0/invoke/http://h/method/a%2Fb", shop)).toBe(
      "call/v1.0/invoke/http://h/method/a%2Fb",
    );
    expect(path("https://site.test/__daprlet/call/x", shop)).toBeUndefined();
    expect(path("https://other.test/__daprlet/call/x", root)).toBeUndefined();
  });
});
