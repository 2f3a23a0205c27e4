import { beforeEach, describe, expect, it } from "vitest";
import type { AttachedSidecar } from "../../host/capability/capabilities.ts";
import type { RefusedPackage } from "../../host/capability/let-in.ts";
import { PackageSet } from "../../host/capability/package-set.ts";
import { families } from "../../host/components/component.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import type { Platform } from "../../host/platform.ts";
import { inProcess } from "../../tests/capability/in-process.ts";
import { guest, watPackage } from "../../tests/capability/wat-package.ts";
import { AddedPackages } from "./added-packages.ts";
import { packageDoor } from "./package-door.ts";

const door = "https://site.test/__daprlet/capabilities";
const needs = { clock: true };

/** A browser's cache, and starts of a worker over it. */
class Scope {
  readonly cache = new Map<string, Uint8Array<ArrayBuffer>>();
  full = false;
  #set!: PackageSet;
  /** The name of a component that is open by the package. */
  open: string | undefined;
  #added!: AddedPackages;

  async start(): Promise<void> {
    const clock = new FakeClock();
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const platform = { clock, log } as unknown as Platform;
    this.#set = new PackageSet({ confinement: inProcess(clock), platform, maxBodySize: 1_000 });
    const scope = this;
    const sidecar = {
      readiness: { components: true },
      get components() {
        const [listed] = scope.#set.components;
        const resource = { name: scope.open, type: listed?.type };
        const bindings = new Map(scope.open === undefined ? [] : [[scope.open, { resource, listed }]]);
        return Object.fromEntries(
          families.map((family) => [family, family === "bindings" ? bindings : new Map()]),
        );
      },
    };
    const api = () => Promise.reject(new Error("it is not asked"));
    this.#set.attach(api, { sidecar } as unknown as AttachedSidecar);
    let last = this.cache.size;
    this.#added = new AddedPackages({
      base: `${door}/`,
      uuid: () => `${++last}`,
      kept: {
        read: async (address) => this.cache.get(address),
        delete: async (address) => void this.cache.delete(address),
        write: async (address, bytes) => {
          if (this.full) throw new Error("the disk is full");
          this.cache.set(address, bytes);
        },
      },
      use: async (origin) => {
        await this.#set.update(this.#added.sources, this.#added.grants);
        const refused = this.#set
          .list()
          .find((one) => "cause" in one && (one as RefusedPackage).origin === origin);
        if (refused !== undefined) throw new Error((refused as RefusedPackage).cause);
      },
    });
    await this.#added.load();
    await this.#set.update(this.#added.sources, this.#added.grants);
  }

  async put(
    version: string,
    grant: object = {},
    changes: object = {},
    wat = guest(),
  ): Promise<[number, string]> {
    const { manifest, read } = watPackage("one", wat, { version, needs, ...changes });
    const form = new FormData();
    form.set("manifest", JSON.stringify(manifest));
    form.set("grant", JSON.stringify(grant));
    form.set("file:main.wasm", new Blob([await read("main.wasm")]));
    return await this.#asked(new Request(door, { method: "PUT", body: form }));
  }

  remove(name: string): Promise<[number, string]> {
    return this.#asked(new Request(`${door}/${name}`, { method: "DELETE" }));
  }

  async #asked(request: Request): Promise<[number, string]> {
    const response = await packageDoor(request, this.#added);
    const { message = "" } = (await response.json()) as { message?: string };
    return [response.status, message];
  }

  get shown(): readonly string[] {
    return this.#set.list().map((one) => {
      const { version, status, granted } = one as {
        version: string;
        status: string;
        granted: { clock: boolean };
      };
      return `${status} ${version}${granted.clock ? " with the clock" : ""}`;
    });
  }
}

describe("packages that a page adds", () => {
  let scope: Scope;
  beforeEach(async () => {
    scope = new Scope();
    await scope.start();
  });

  it("are there at once and with the next start, with what was granted and no more", async () => {
    expect(await scope.put("1.0.0")).toEqual([200, ""]);
    expect(scope.shown).toEqual(["loaded 1.0.0"]);
    expect(await scope.put("1.0.0", { clock: true })).toEqual([200, ""]);
    expect(scope.shown).toEqual(["loaded 1.0.0 with the clock"]);
    await scope.start();
    expect(scope.shown).toEqual(["loaded 1.0.0 with the clock"]);
  });

  it("make room for their successors: one version is kept", async () => {
    await scope.put("1.0.0");
    const size = scope.cache.size;
    await Promise.all([scope.put("2.0.0"), scope.put("3.0.0")]);
    expect(scope.shown).toEqual(["loaded 3.0.0"]);
    expect(scope.cache.size).toBe(size);
  });

  it.each<[string, (scope: Scope) => Promise<[number, string]>, string]>([
    ["is refused", (one) => one.put("2.0.0", {}, {}, guest({ memory: "1" })), "its memory has no maximum"],
    [
      "has a wrong hash",
      (one) =>
        one.put("2.0.0", {}, { modules: [{ name: "main", path: "main.wasm", sha256: "0".repeat(64) }] }),
      "has the SHA-256",
    ],
    [
      "lacks a file",
      (one) =>
        one.put("2.0.0", {}, { modules: [{ name: "main", path: "other.wasm", sha256: "0".repeat(64) }] }),
      "other.wasm is not among its files",
    ],
    ["comes with a grant that says nothing", (one) => one.put("2.0.0", { clok: true }), "clok is unknown"],
    [
      "finds the disk full",
      (one) => {
        one.full = true;
        return one.put("2.0.0");
      },
      "the disk is full",
    ],
  ])("stay as they were where the successor %s", async (_, put, says) => {
    await scope.put("1.0.0");
    const kept = [...scope.cache.keys()];
    expect(await put(scope)).toEqual([400, expect.stringContaining(says)]);
    scope.full = false;
    expect(scope.shown).toEqual(["loaded 1.0.0"]);
    expect([...scope.cache.keys()]).toEqual(kept);
    await scope.start();
    expect(scope.shown).toEqual(["loaded 1.0.0"]);
  });

  it("are not taken away while a component is open by them", async () => {
    const offers = [{ kind: "component", type: "bindings.one", operations: ["get"] }];
    await scope.put("1.0.0", {}, { offers });
    scope.open = "mine";
    const why =
      "component mine (bindings.one) is open, whose type nothing else offers: take the component away first";
    const kept = [...scope.cache.keys()];
    expect(await scope.remove("one")).toEqual([400, why]);
    expect(await scope.put("2.0.0")).toEqual([400, why]);
    expect([scope.shown, [...scope.cache.keys()]]).toEqual([["loaded 1.0.0"], kept]);
    expect(await scope.put("2.0.0", {}, { offers })).toEqual([200, ""]);
    scope.open = undefined;
    expect(await scope.remove("one")).toEqual([200, ""]);
  });

  it("are taken away, with all that was kept of them", async () => {
    await scope.put("1.0.0");
    expect(await scope.remove("one")).toEqual([200, ""]);
    expect(scope.shown).toEqual([]);
    expect([...scope.cache.keys()]).toEqual([`${door}/index.json`]);
    expect(await scope.remove("one")).toEqual([404, "no page added a package one"]);
  });
});
