import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BindingResponse, OutputBinding } from "../../components/bindings/binding.ts";
import type { ComponentContext } from "../../components/component.ts";
import { ComponentError } from "../../errors/component-error.ts";
import type { Clock } from "../../platform.ts";
import { consoleLog, systemClock, webPlatform } from "../../web-platform.ts";
import { localStorageBinding } from "./bindings-localstorage.ts";

const runs = Number(process.env.FUZZ_RUNS ?? 200);
let folder: string;
let root: string;
let outside: string;
let files: OutputBinding;
let clock: Clock = systemClock;

const open = async (rootPath: string, durable = false) =>
  (await localStorageBinding.open(
    { rootPath, durable } as never,
    {
      name: "files",
      platform: { ...webPlatform(consoleLog("error", "files")), clock },
    } as ComponentContext,
  )) as OutputBinding;

const call = (operation: string, fileName?: string, data = '"x"') =>
  files.invoke({
    operation,
    data: new TextEncoder().encode(data),
    metadata: new Map(fileName === undefined ? [] : [["fileName", fileName]]),
    signal: undefined,
  });
const text = (response: BindingResponse | undefined) => new TextDecoder().decode(response?.data);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "daprlet-files-"));
  root = join(folder, "root");
  outside = join(folder, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "secret"), "secret");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Every look at it takes long: the disk is slow. */
let looks = 0;
const slow = { ...systemClock, monotonic: () => (looks += 100) };

describe.each([
  { disk: "quick", time: systemClock },
  { disk: "slow", time: slow },
])("on a $disk disk", ({ time }) => {
  beforeEach(async () => {
    clock = time;
    files = await open(root);
  });

  describe("bindings.localstorage stays below its root", () => {
    it.each(["../outside/secret", "a/../../outside/secret", "/../outside/secret"])("%s", async (name) => {
      await expect(call("get", name)).rejects.toThrow("file not found: outside/secret");
    });

    it("by a link of a folder, of a file, and one that leads nowhere yet", async () => {
      symlinkSync(outside, join(root, "folder"));
      symlinkSync(join(outside, "secret"), join(root, "file"));
      symlinkSync(join(outside, "new"), join(root, "nowhere"));
      for (const name of ["folder/secret", "file", "folder/new", "nowhere", "nowhere/x"]) {
        for (const operation of ["get", "create", "list", "delete"]) {
          await expect(call(operation, name)).rejects.toThrow("metadata field fileName leads");
        }
      }
      await expect(call("list", "folder")).rejects.toThrow("leads out of rootPath by a link");
      expect(await call("list", "").then(text)).toBe("[]");
      expect(readdirSync(outside)).toEqual(["secret"]);
    });

    it("and follows a link within it, as it does where the root is one", async () => {
      await call("create", "a/b");
      symlinkSync(join(root, "a"), join(root, "link"));
      expect(await call("get", "link/b").then(text)).toBe("x");
      symlinkSync(root, join(folder, "other"));
      files = await open(join(folder, "other"));
      expect(await call("get", "a/b").then(text)).toBe("x");
    });

    it("for any name and any operation", async () => {
      const segment = fc.oneof(
        fc.constantFrom("..", ".", "", "a", "link", "secret", "outside", "root", "\0", "~", "C:", "%2e%2e"),
        fc.string({ maxLength: 8 }),
      );
      const name = fc.array(segment, { maxLength: 6 }).map((segments) => segments.join("/"));
      const operation = fc.constantFrom("create", "get", "list", "delete");
      symlinkSync(outside, join(root, "link"));
      await fc.assert(
        fc.asyncProperty(operation, name, async (operation, name) => {
          const answer = await call(operation, name).catch((error: unknown) => {
            expect(error).toBeInstanceOf(ComponentError);
            expect((error as Error).message).not.toContain(folder);
            return undefined;
          });
          expect(text(answer)).not.toBe("secret");
          expect(readdirSync(folder).sort()).toEqual(["outside", "root"]);
          expect(readdirSync(outside)).toEqual(["secret"]);
          expect(readFileSync(join(outside, "secret"), "utf8")).toBe("secret");
        }),
        { numRuns: runs },
      );
    });
  });

  it("leaves no half file behind where one cannot be written", async () => {
    await call("create", "a/b");
    await expect(call("create", "a")).rejects.toThrow("cannot create a");
    await expect(call("create", "a/b/c")).rejects.toThrow(
      "cannot create a/b/c: it, or a part of it, is a file",
    );
    expect(readdirSync(root, { recursive: true }).sort()).toEqual(["a", "a/b"]);
  });

  it("refuses a root that is no folder", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(open(join(folder, "file"))).rejects.toThrow(
      "component files: metadata field rootPath: the folder cannot be used (EEXIST)",
    );
  });

  it("removes what a killed process left, lists none of it, and lets nobody name a file so", async () => {
    const unfinished = `.${crypto.randomUUID()}.tmp`;
    mkdirSync(join(root, "a"));
    for (const name of [unfinished, `a/${unfinished}`, "a/b", ".tmp"]) writeFileSync(join(root, name), "");
    expect(await call("list", "").then(text)).toBe('[".tmp","a/b"]');
    await expect(call("create", `a/${unfinished}`)).rejects.toThrow("as files that are being written");
    files = await open(root);
    expect(readdirSync(root, { recursive: true }).sort()).toEqual([".tmp", "a", "a/b"]);
  });

  describe.each([false, true])("creates (durable: %s)", (durable) => {
    it("lose nothing to a sidecar that opens the folder meanwhile", async () => {
      files = await open(root, durable);
      const names = Array.from({ length: 20 }, (_, i) => `${i % 3}/${i}`);
      const creating = Promise.all(names.map((name) => call("create", name, JSON.stringify(`of ${name}`))));
      for (let i = 0; i < 5; i++) await open(root, durable);
      await creating;
      for (const name of names) expect(await call("get", name).then(text)).toBe(`of ${name}`);
    });

    it("of one file at once leave one of them whole, answer all, and are done when the binding is closed", async () => {
      files = await open(root, durable);
      const large = (i: number) => String(i).padStart(20_000);
      let answered = 0;
      for (let i = 0; i < 50; i++) void call("create", "f", JSON.stringify(large(i))).then(() => answered++);
      await call("create", "other");
      await files.close();
      await expect.poll(() => answered).toBe(50);
      expect(await call("get", "f").then(text)).toMatch(/^ +\d+$/);
      expect(await call("get", "f").then(text)).toHaveLength(20_000);
      expect(readdirSync(root).sort()).toEqual(["f", "other"]);
    });
  });

  it.skipIf(process.platform === "win32")("does not wait for a named pipe", async () => {
    expect(spawnSync("mkfifo", [join(root, "pipe")]).status).toBe(0);
    await Promise.all(Array.from({ length: 8 }, () => call("get", "pipe")));
    await call("create", "f");
    expect(await call("get", "f").then(text)).toBe("x");
  });
});
