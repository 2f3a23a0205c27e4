import { describe, expect, it } from "vitest";
import { type BrowserPolicy, loopbackHosts, parseOrigins, refuseHost, refusePage } from "./browser-guard.ts";

const policy = (origins = "", more: Partial<BrowserPolicy> = {}): BrowserPolicy => ({
  hosts: new Set(loopbackHosts),
  anyAddress: false,
  origins: parseOrigins(origins),
  ...more,
});
const from = (headers: { origin?: string; site?: string; referer?: string }) => ({
  origin: headers.origin,
  site: headers.site,
  referer: headers.referer,
});

describe("the Host allow-list", () => {
  it.each([
    "localhost",
    "LOCALHOST:3500",
    "localhost:1",
    "127.0.0.1",
    "127.0.0.1:3500",
    "[::1]",
    "[::1]:3500",
  ])("takes %s", (host) => expect(refuseHost(host, policy())).toBeUndefined());

  it.each([
    "evil.example",
    "evil.example:3500",
    "localhost.evil.example",
    "localhost@evil.example",
    "evil.example:80@localhost",
    "localhost:3500:evil",
    "127.0.0.1.nip.io",
    "127.0.0.2",
    "0.0.0.0",
    "[::]:3500",
    "[::ffff:127.0.0.1]",
    "::1",
    "localhost.",
    "",
    " localhost",
  ])("refuses %j", (host) => expect(refuseHost(host, policy())).toMatch(/--allowed-hosts/));

  it("takes any address, but no name, where the sidecar listens beyond loopback", () => {
    const beyond = policy("", { anyAddress: true });
    expect(refuseHost("192.168.1.7:3500", beyond)).toBeUndefined();
    expect(refuseHost("[fe80::1]:3500", beyond)).toBeUndefined();
    expect(refuseHost("evil.example:3500", beyond)).toMatch(/evil\.example/);
    expect(refuseHost("1.2.3.4.evil.example", beyond)).toBeDefined();
  });

  it("takes a configured name", () => {
    const named = policy("", { hosts: new Set([...loopbackHosts, "sidecar"]) });
    expect(refuseHost("Sidecar:3500", named)).toBeUndefined();
  });

  it("shows a hostile name without its control characters", () => {
    expect(refuseHost("a\u001b[2Jb", policy())).not.toContain("\u001b");
  });
});

describe("the rule for pages", () => {
  it.each([{}, { site: "none" }, { referer: "http://evil.example/" }])("lets a program pass: %j", (headers) =>
    expect(refusePage(from(headers), policy())).toBeUndefined(),
  );

  it.each([
    { origin: "http://evil.example" },
    { origin: "null" },
    { origin: "http://localhost:3500", site: "same-origin" },
    { origin: "http://localhost:8080", site: "same-site" },
    { origin: "file://" },
    { origin: "" },
    { site: "cross-site" },
    { site: "same-site" },
    { site: "same-origin" },
    { site: "cross-site", referer: "http://evil.example/page" },
    { site: "cross-site", referer: "not a url" },
  ])("refuses the page of %j when no origin is allowed", (headers) =>
    expect(refusePage(from(headers), policy())).toMatch(/--allowed-origins/),
  );

  it("takes the listed origins only", () => {
    const listed = policy("http://localhost:8080/, https://app.example");
    expect(refusePage(from({ origin: "http://localhost:8080" }), listed)).toBeUndefined();
    expect(refusePage(from({ origin: "https://app.example" }), listed)).toBeUndefined();
    expect(refusePage(from({ origin: "http://app.example" }), listed)).toBeDefined();
    expect(refusePage(from({ origin: "https://app.example.evil.example" }), listed)).toBeDefined();
    expect(refusePage(from({ origin: "null" }), listed)).toBeDefined();
  });

  it("knows a page without Origin, as an image or a link has none, by its Referer", () => {
    const listed = policy("http://localhost:8080");
    expect(
      refusePage(from({ site: "same-site", referer: "http://localhost:8080/a?b" }), listed),
    ).toBeUndefined();
    expect(refusePage(from({ site: "same-site", referer: "http://localhost:9090/" }), listed)).toBeDefined();
  });

  it("takes every page with a star, and an opaque origin by name", () => {
    expect(refusePage(from({ origin: "http://evil.example" }), policy("*"))).toBeUndefined();
    expect(refusePage(from({ origin: "null" }), policy("null"))).toBeUndefined();
  });
});
