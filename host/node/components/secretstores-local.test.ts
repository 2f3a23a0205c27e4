import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { testContext } from "../../../tests/conformance/test-context.ts";
import { decodeMetadata } from "../../components/metadata-schema.ts";
import { FakeClock } from "../../fake-clock.ts";
import type { Log } from "../../platform.ts";
import { localEnvStore } from "./secretstores-local-env.ts";
import { localFileStore } from "./secretstores-local-file.ts";

const none: ReadonlyMap<string, string> = new Map();
const said: string[] = [];
const say = (message: string) => void said.push(message);
const log: Log = { debug: say, info: say, warn: say, error: say };
const context = { ...testContext("secrets", new FakeClock()), log };

const plain = async (secrets: Promise<ReadonlyMap<string, ReadonlyMap<string, string>>>) =>
  Object.fromEntries([...(await secrets)].map(([name, keys]) => [name, Object.fromEntries(keys)]));

describe("secretstores.local.file", () => {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-secrets-"));
  const file = join(folder, "secrets.json");
  let seconds = 0;
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    said.length = 0;
  });

  /** Each time at another moment: what a file system's clock counts in is no part of the test. */
  const write = (content: string) => {
    writeFileSync(file, content);
    utimesSync(file, 1_000, ++seconds);
  };
  const open = (metadata: Record<string, string> = {}) => {
    const given = new Map(Object.entries({ secretsFile: file, ...metadata }));
    return localFileStore.open(
      decodeMetadata("secrets", localFileStore.metadata, given, () => {}),
      context,
    );
  };
  const nested =
    '{"top":"t","n":5,"yes":true,"no":null,"nested":{"a":"1","b":{"c":"x"},"l":["p",{"q":"r"}]},"none":{}}';

  it("joins the names of nested values", async () => {
    write(nested);
    const store = await open();
    const names = ["top", "n", "yes", "no", "nested:a", "nested:b:c", "nested:l:0", "nested:l:1:q"];
    expect(Object.keys(await plain(store.bulkGet(none)))).toEqual(names);
    expect(await plain(store.bulkGet(none))).toMatchObject({
      n: { n: "5" },
      yes: { yes: "true" },
      no: { no: "" },
      "nested:b:c": { "nested:b:c": "x" },
    });
    await expect(store.get("nested", none)).rejects.toThrow("secret nested not found");
    const other = await open({ nestedSeparator: "__" });
    expect([...(await other.get("nested__b__c", none))]).toEqual([["nested__b__c", "x"]]);
  });

  it("makes of each object a secret of several keys where it is multi-valued", async () => {
    write(nested);
    expect(await plain((await open({ multiValued: "true" })).bulkGet(none))).toEqual({
      top: { top: "t" },
      nested: { a: "1", "b:c": "x", "l:0": "p", "l:1:q": "r" },
      none: {},
    });
  });

  it("takes up a changed file, and stays with what it had where the change cannot be read", async () => {
    write('{"s":"one"}');
    const store = await open();
    const value = async () => (await store.get("s", none)).get("s");
    expect(await value()).toBe("one");
    write('{"s":"two"}');
    expect(await value()).toBe("two");
    write('{"s":"three"');
    expect([await value(), await value()]).toEqual(["two", "two"]);
    expect(said).toEqual([`the secrets stay as they were: secretsFile ${file} is not valid JSON`]);
    rmSync(file);
    expect([await value(), await value()]).toEqual(["two", "two"]);
    expect(said).toHaveLength(2);
    write('{"s":"four"}');
    expect(await value()).toBe("four");
  });

  it.skipIf(process.platform === "win32")(
    "reads a file that it may read again, though that did not change",
    async () => {
      write('{"s":"one"}');
      const store = await open();
      const value = async () => (await store.get("s", none)).get("s");
      // Its superuser may read any file: a link that leads nowhere is one that nobody can.
      const away = join(folder, "away.json");
      write('{"s":"two"}');
      renameSync(file, away);
      symlinkSync(join(folder, "nowhere"), file);
      expect([await value(), await value()]).toEqual(["one", "one"]);
      expect(said).toEqual([expect.stringContaining("does not exist or cannot be read")]);
      renameSync(away, file);
      expect(await value()).toBe("two");
      mkdirSync(away);
      rmSync(file);
      renameSync(away, file);
      expect([await value(), await value()]).toEqual(["two", "two"]);
      expect(said).toHaveLength(2);
      rmSync(file, { recursive: true });
      write('{"s":"three"}');
      expect(await value()).toBe("three");
    },
  );

  it("notices a secret that is replaced in place, by another of its length and at the same time", async () => {
    write('{"s":"one"}');
    const store = await open();
    writeFileSync(file, '{"s":"two"}');
    utimesSync(file, 1_000, seconds);
    expect((await store.get("s", none)).get("s")).toBe("two");
  });

  it.each([
    ["not valid JSON", "{'top secret'}"],
    ["no JSON object", '["top secret"]'],
  ])("does not open a file that is %s, and quotes nothing of it", async (expected, content) => {
    write(content);
    const failure = await open().then(
      () => undefined,
      (error: Error) => error,
    );
    expect(failure?.message).toContain(expected);
    expect(`${failure?.message}${said}`).not.toContain("top secret");
  });

  it("does not open without a file", async () => {
    await expect(open({ secretsFile: join(folder, "none.json") })).rejects.toThrow(/does not exist/);
    await expect((async () => open({ secretsFile: "" }))()).rejects.toThrow();
  });
});

describe("secretstores.local.env", () => {
  const variables = {
    MY_ONE: "1",
    MY_DAPR_X: "x",
    OTHER: "2",
    DAPR_API_TOKEN: "t",
    App_Api_Token: "t",
    DAPRLET_RELAY_TOKEN: "t",
  };

  it("names secrets without the prefix, and withholds by the variable's whole name", async () => {
    const store = await localEnvStore(() => variables).open({ prefix: "MY_" }, context);
    expect(await plain(store.bulkGet(none))).toEqual({ ONE: { ONE: "1" }, DAPR_X: { DAPR_X: "x" } });
    expect([...(await store.get("MY_ONE", none))]).toEqual([["MY_ONE", ""]]);
  });

  it("cannot be led to a token by a prefix", async () => {
    const store = await localEnvStore(() => variables).open({ prefix: "DAPR_" }, context);
    expect(await plain(store.bulkGet(none))).toEqual({});
    expect([...(await store.get("API_TOKEN", none))]).toEqual([["API_TOKEN", ""]]);
  });

  it("withholds the sidecar's token for its relay", async () => {
    const store = await localEnvStore(() => variables).open({ prefix: "" }, context);
    expect(Object.keys(await plain(store.bulkGet(none)))).toEqual(["MY_ONE", "MY_DAPR_X", "OTHER"]);
    expect([...(await store.get("DAPRLET_RELAY_TOKEN", none))]).toEqual([["DAPRLET_RELAY_TOKEN", ""]]);
  });
});
