import { beforeEach, describe, expect, it } from "vitest";
import { readGrants } from "../../host/capability/grants.ts";
import { PackageSet } from "../../host/capability/package-set.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import type { Platform } from "../../host/platform.ts";
import { inProcess } from "../../tests/capability/in-process.ts";
import { guest, watPackage } from "../../tests/capability/wat-package.ts";
import { loadPackages } from "./load-packages.ts";
import type { KeptFiles } from "./site-packages.ts";

const base = "https://site.test/packages/one/";
const clock = new FakeClock();

/** A site, a browser's cache, and starts of a worker between them. */
class Site {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #cache = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly lines: string[] = [];
  online = true;
  asked: string[] = [];

  async publish(version: string, changes: object = {}, wat = guest()): Promise<void> {
    const { manifest, read } = watPackage("one", wat, { version, ...changes });
    this.files.set(`${base}capability.json`, new TextEncoder().encode(JSON.stringify(manifest)));
    this.files.set(`${base}main.wasm`, await read("main.wasm"));
  }

  async start(): Promise<{ readonly shown: () => unknown }> {
    this.asked = [];
    const note = (line: string) => void this.lines.push(line);
    const platform = {
      clock,
      log: { debug() {}, info() {}, warn: note, error: note },
      fetch: async (address: string) => {
        if (!this.online) throw new TypeError("Failed to fetch");
        this.asked.push(address.slice(base.length));
        const bytes = this.files.get(address);
        return new Response(bytes ?? "", { status: bytes === undefined ? 404 : 200 });
      },
    } as unknown as Platform;
    const kept: KeptFiles = {
      read: async (address) => this.#cache.get(address),
      write: async (address, bytes) => void this.#cache.set(address, bytes),
      delete: async (address) => void this.#cache.delete(address),
    };
    const set = new PackageSet({ confinement: inProcess(clock), platform, maxBodySize: 1_000 });
    await loadPackages(set, [base], readGrants({}, "grants"), kept, platform);
    return {
      shown: () =>
        set.list().map((one) => {
          const { version, status, cause } = one as Record<string, string>;
          return cause ?? `${status} ${version}`;
        }),
    };
  }
}

describe("packages of a site", () => {
  let site: Site;
  beforeEach(async () => {
    site = new Site();
    await site.publish("1.0.0");
  });

  it("are there without a network once they were, and their modules are fetched once", async () => {
    expect((await site.start()).shown()).toEqual(["loaded 1.0.0"]);
    expect((await site.start()).shown()).toEqual(["loaded 1.0.0"]);
    await expect.poll(() => site.asked).toEqual(["capability.json"]);
    site.online = false;
    expect((await site.start()).shown()).toEqual(["loaded 1.0.0"]);
  });

  it("change while they are used, and for the next start", async () => {
    await site.start();
    await site.publish("2.0.0", {}, guest({ memory: "1 2" }));
    const { shown } = await site.start();
    await expect.poll(shown).toEqual(["loaded 2.0.0"]);
    site.online = false;
    await expect.poll(async () => (await site.start()).shown()).toEqual(["loaded 2.0.0"]);
  });

  it("stay as they were where their successor is broken", async () => {
    await site.start();
    await site.publish("2.0.0");
    site.files.set(`${base}main.wasm`, new Uint8Array([1]));
    const { shown } = await site.start();
    await expect.poll(shown).toEqual(["loaded 1.0.0", expect.stringContaining("has the SHA-256")]);
    site.online = false;
    expect((await site.start()).shown()).toEqual(["loaded 1.0.0"]);
  });

  it.each<[string, (site: Site) => void, string]>([
    ["is not there", ({ files }) => files.clear(), `${base}capability.json answers 404`],
    [
      "is no JSON",
      ({ files }) => files.set(`${base}capability.json`, new Uint8Array([123])),
      `${base}capability.json: `,
    ],
    [
      "cannot be reached",
      (one) => {
        one.online = false;
      },
      `${base}capability.json: Failed to fetch`,
    ],
  ])("of which one %s are refused by name", async (_, break_, says) => {
    break_(site);
    expect((await site.start()).shown()).toEqual([expect.stringContaining(says)]);
  });
});
