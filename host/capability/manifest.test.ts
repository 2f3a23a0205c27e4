import { describe, expect, it } from "vitest";
import { defaultLimits } from "./manifest.ts";
import { readManifest } from "./read-manifest.ts";
import { noNeeds } from "./read-needs.ts";

const sha256 = "0".repeat(64);
const plain = {
  name: "resize",
  version: "1.0.0",
  modules: [{ name: "main", path: "resize.wasm", sha256 }],
  offers: [{ kind: "http", openapi: "openapi.json" }],
};

const read = (value: unknown) => readManifest(value, "resize/capability.json");

describe("a manifest", () => {
  it("is read with its defaults", () => {
    expect(read(plain)).toEqual({
      name: "resize",
      version: "1.0.0",
      description: "",
      modules: [{ name: "main", path: "resize.wasm", sha256, abi: "capability" }],
      offers: [
        {
          kind: "http",
          name: "http",
          openapi: "openapi.json",
          sources: [{ kind: "module", module: "main" }],
        },
      ],
      needs: noNeeds,
      limits: defaultLimits,
    });
  });

  it("keeps the order of an offer's sources, and takes sizes", () => {
    const sources = [{ remote: "https://detect.example/v2/" }, { module: "main" }, { app: "detector" }];
    const { offers, limits } = read({
      ...plain,
      offers: [{ kind: "http", openapi: {}, sources }],
      limits: { memory: "32Mi", answer: "512Ki", timeMs: 50 },
    });
    expect(offers[0]).toMatchObject({
      sources: [
        { kind: "remote", url: "https://detect.example/v2" },
        { kind: "module", module: "main" },
        { kind: "app", app: "detector" },
      ],
    });
    expect(limits).toMatchObject({ memory: 32 << 20, answer: 512 << 10, timeMs: 50, concurrency: 2 });
  });

  it.each<[string, object, string]>([
    ["name", { name: "../etc" }, "name must be a name"],
    ["name", { name: "__proto__" }, "name must be a name"],
    ["version", { version: "new" }, "version must be a version such as 1.0.0"],
    ["modules", { modules: {} }, "modules must be a list"],
    [
      "modules[0].path",
      { modules: [{ name: "m", path: "../m.wasm", sha256 }] },
      "modules[0].path must be a path inside",
    ],
    [
      "modules[0].path",
      { modules: [{ name: "m", path: "/m.wasm", sha256 }] },
      "modules[0].path must be a path inside",
    ],
    [
      "modules[0].path",
      { modules: [{ name: "m", path: "a/../../m", sha256 }] },
      "modules[0].path must be a path inside",
    ],
    [
      "modules[0].path",
      { modules: [{ name: "m", path: "https://e/m", sha256 }] },
      "modules[0].path must be a path inside",
    ],
    [
      "modules[0].sha256",
      { modules: [{ name: "m", path: "m", sha256: "12" }] },
      "modules[0].sha256 must be a SHA-256",
    ],
    [
      "modules[1]",
      { modules: [plain.modules[0], plain.modules[0]] },
      "modules[1] has the name main of another",
    ],
    ["offers", { offers: [] }, "offers must have at least one offer"],
    [
      "offers[0].kind",
      { offers: [{ kind: "queue" }] },
      "offers[0].kind must be one of http, component, function, actor",
    ],
    [
      "offers[0].module",
      { offers: [{ kind: "function", name: "f", module: "x" }] },
      "offers[0].module names no module; there is main",
    ],
    [
      "offers[0].features",
      { offers: [{ kind: "component", type: "state.x", features: ["DURABILITY"] }] },
      "offers[0].features has DURABILITY, but needs has neither a store to write",
    ],
    ["offers[0].type", { offers: [{ kind: "component", type: "lock.x" }] }, "offers[0].type must be state.…"],
    [
      "offers[0].sources[0]",
      { offers: [{ kind: "http", openapi: {}, sources: [{}] }] },
      "offers[0].sources[0] must have one of module, remote, app",
    ],
    [
      "offers[0].sources[0].remote",
      { offers: [{ kind: "http", openapi: {}, sources: [{ remote: "file:///x" }] }] },
      "offers[0].sources[0].remote must be an absolute URL",
    ],
    ["needs.fetch[0]", { needs: { fetch: ["https://a.example/path"] } }, "needs.fetch[0] must be an origin"],
    [
      "needs.state[0].access",
      { needs: { state: [{ store: "s", access: "all" }] } },
      "needs.state[0].access must be one of read, write",
    ],
    [
      "needs.sockets",
      { needs: { sockets: true } },
      "needs.sockets is unknown; expected one of state, publish",
    ],
    ["needs.clock", { needs: { clock: "yes" } }, "needs.clock must be true or false"],
    [
      "limits.memory",
      { limits: { memory: "1Gi" } },
      "limits.memory must be a size such as 16Mi, and at most 256Mi",
    ],
    ["limits.timeMs", { limits: { timeMs: 0 } }, "limits.timeMs must be a whole number from 1 to 60000"],
    ["license", { license: "MIT" }, "license is unknown"],
  ])("is refused for its %s", (_, change, message) => {
    expect(() => read({ ...plain, ...change })).toThrow(`resize/capability.json: ${message}`);
  });

  it("is refused where it is no object", () => {
    expect(() => read([])).toThrow("resize/capability.json: it must be an object");
  });
});

describe("the book's manifest", () => {
  it("T59: is read, its offers in their order", () => {
    const { name, offers } = read({
      name: "object-detection",
      offers: [
        { OpenAPI: { url: "https://ai.example/", spec: { paths: {} } } },
        { Container: { image: "me/detect" } },
      ],
    });
    expect(name).toBe("object-detection");
    expect(offers).toEqual([
      {
        kind: "http",
        name: "http",
        openapi: { paths: {} },
        sources: [
          { kind: "remote", url: "https://ai.example" },
          { kind: "container", image: "me/detect", port: 8080 },
        ],
      },
    ]);
  });

  it("may name its kinds by type", () => {
    const { offers } = read({ name: "o", offers: [{ type: "container", image: "x" }] });
    expect(offers[0]).toMatchObject({ sources: [{ kind: "container", image: "x" }] });
  });

  it.each<[object, string]>([
    [{ name: "A/b" }, "name must be a name"],
    [{ version: {} }, "version must be a version"],
    [{ offers: [{ OpenAPI: {} }] }, "offers[0].OpenAPI.url must be an absolute URL of http or https"],
    [
      { offers: [{ OpenAPI: { endpoint: "file:///x" } }] },
      "offers[0].OpenAPI.endpoint must be an absolute URL",
    ],
    [{ offers: [{ OpenAPI: "https://a.example/?key=1" }] }, "offers[0].OpenAPI must be an absolute URL"],
    [
      { offers: [{ OpenAPI: { url: "https://a.example", spec: "../x.json" } }] },
      "offers[0].OpenAPI.spec must be an OpenAPI description, or the path",
    ],
    [{ offers: [{ Container: { image: "--privileged" } }] }, "offers[0].Container.image must name an image"],
    [{ offers: [{ Container: "x" }, { Wasm: "y" }] }, "offers[1] must be OpenAPI or Container"],
    [{ limits: { memory: "1Gi" } }, "limits.memory must be a size"],
  ])("is refused for the field of %j", (change, message) => {
    const plain = { name: "o", offers: [{ OpenAPI: "https://a.example" }] };
    expect(() => read({ ...plain, ...change })).toThrow(`resize/capability.json: ${message}`);
  });
});
