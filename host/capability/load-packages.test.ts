import { beforeEach, describe, expect, it } from "vitest";
import { inProcess } from "../../tests/capability/in-process.ts";
import { guest, watPackage } from "../../tests/capability/wat-package.ts";
import { FakeClock } from "../fake-clock.ts";
import type { Platform } from "../platform.ts";
import { readGrants } from "./grants.ts";
import { loadPackages } from "./load-packages.ts";
import { PackageSet } from "./package-set.ts";
import type { KeptFiles } from "./site-package.ts";

const base = "https://site.test/packages/one/";
const clock = new FakeClock();

/** A site, a browser's cache, and starts of a worker between them. */
class Site {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #cache = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly lines: string[] = [];
  online = true;
  /** What the next requests are answered instead. */
  failures: (() => Response)[] = [];
  /** So many more files can be kept. */
  writes = Number.POSITIVE_INFINITY;
  asked: string[] = [];

  async publish(version: string, changes: object = {}, wat = guest()): Promise<void> {
    const { manifest, read } = watPackage("one", wat, { version, ...changes });
    this.files.set(`${base}capability.json`, new TextEncoder().encode(JSON.stringify(manifest)));
    this.files.set(`${base}main.wasm`, await read("main.wasm"));
  }

  /** A module that is kept is another one. */
  spoil(): void {
    for (const address of this.#cache.keys()) {
      if (address.includes("main.wasm")) this.#cache.set(address, new Uint8Array([1]));
    }
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
        const failure = this.failures.shift();
        if (failure !== undefined) return failure();
        const bytes = this.files.get(address);
        return new Response(bytes ?? "", { status: bytes === undefined ? 404 : 200 });
      },
    } as unknown as Platform;
    const kept: KeptFiles = {
      read: async (address) => this.#cache.get(address),
      write: async (address, bytes) => {
        if (this.writes-- <= 0) throw new Error("ended");
        this.#cache.set(address, bytes);
      },
      delete: async (address) => void this.#cache.delete(address),
    };
    const set = new PackageSet({ confinement: inProcess(clock), platform, maxBodySize: 1_000 });
    const loading = loadPackages(set, [base], readGrants({}, "grants"), kept, platform);
    let loaded = false;
    void loading.then(() => {
      loaded = true;
    });
    // It waits before it tries again.
    while (!loaded) await clock.advance(10);
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

  it("stay whole where a start ends in the middle of keeping their successor", async () => {
    await site.start();
    await site.publish("2.0.0", {}, guest({ memory: "1 2" }));
    site.writes = 1;
    const { shown } = await site.start();
    await expect.poll(shown).toEqual(["loaded 2.0.0"]);
    await expect.poll(() => site.writes).toBe(-1);
    site.online = false;
    expect((await site.start()).shown()).toEqual(["loaded 1.0.0"]);
  });

  it("are fetched anew where what is kept of them is broken", async () => {
    await site.start();
    site.spoil();
    const { shown } = await site.start();
    await expect.poll(shown).toEqual(["loaded 1.0.0"]);
  });

  const broken = () => {
    throw new TypeError("Failed to fetch");
  };
  const away = () => new Response("", { status: 503 });
  const cut = () =>
    new Response(new ReadableStream({ pull: (body) => body.error(new TypeError("cut off")) }));
  const manifest = "capability.json";
  const module = "main.wasm";
  const loaded = "loaded 1.0.0";
  const whole = () => new Response(site.files.get(base + manifest));

  it.each<[string, (() => Response)[], string, string[]]>([
    ["once", [broken], loaded, [manifest, manifest, module]],
    ["twice, each in another way", [away, cut], loaded, [manifest, manifest, manifest, module]],
    ["for their modules", [whole, cut, broken], loaded, [manifest, module, module, module]],
    ["for longer", [broken, broken, away], `${manifest} answers 503`, [manifest, manifest, manifest]],
  ])("are asked for again where the network fails %s, within bounds", async (_, failures, says, asked) => {
    site.failures = failures;
    const { shown } = await site.start();
    expect(shown()).toEqual([expect.stringContaining(says)]);
    expect(site.asked.slice(0, asked.length)).toEqual(asked);
  });

  it("are loaded after all, without another start, where they could not be had at first", async () => {
    site.failures = [broken, broken, broken];
    const { shown } = await site.start();
    await expect.poll(shown).toEqual([loaded]);
  });

  it("are not asked for again at once where they are not there", async () => {
    site.files.clear();
    await site.start();
    // The second time is in search of what has changed since.
    expect(site.asked.length).toBeLessThanOrEqual(2);
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
