import type {
  ConfigurationChange,
  ConfigurationItems,
  ConfigurationStore,
  ConfigurationSubscription,
} from "../../host/components/configuration/configuration-store.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { check, equal } from "./state/scenario.ts";

/** A configuration store under test. Nothing here needs a test runner, so that a page can run it too. */
export interface ConfigurationStoreHost {
  readonly name: string;
  /** A store with these settings and no others. */
  open(items: ReadonlyMap<string, string>): Promise<ConfigurationStore>;
  /** Changes settings of the last `open`: by the store's own `set`, or as others change them. */
  change(store: ConfigurationStore, changes: readonly ConfigurationChange[]): Promise<void>;
  /** Opens what the last `open` left behind; the suite has closed it. Left out where nothing persists. */
  reopen?(): Promise<ConfigurationStore>;
  /** A second store at the same time on the settings of the last `open`, as another process or worker has it. */
  another?(): Promise<ConfigurationStore>;
  /** True: a subscription that was closed and is opened again by its id is told what it missed. */
  readonly resumes: boolean;
}

export interface ConfigurationCase {
  readonly name: string;
  /** Rejects with an Error that says what was expected and what came. */
  run(): Promise<void>;
}

interface Use {
  readonly host: ConfigurationStoreHost;
  readonly store: ConfigurationStore;
  /** Sets one key; null deletes it. */
  put(key: string, value: string | null): Promise<void>;
  again(): Promise<void>;
  another(): Promise<ConfigurationStore>;
}

interface Scene {
  readonly name: string;
  readonly needs?: "another" | "resumes";
  readonly items?: Readonly<Record<string, string>>;
  run(use: Use): Promise<void>;
}

const none: ReadonlyMap<string, string> = new Map();

/** Waits for what other threads or processes do; rejects after a while that is longer than any of them needs. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 8_000; !holds(); ) {
    if (Date.now() > end) throw new Error(`it did not come about that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const values = (items: ConfigurationItems) => [...items].map(([key, { value }]) => [key, value]);

let ids = 0;

/** Subscribes and collects what is told. */
async function listen(
  store: ConfigurationStore,
  keys: readonly string[],
  during: () => Promise<void> = async () => undefined,
  id = `subscription-${++ids}`,
) {
  const told: [key: string, value: string][] = [];
  const open: ConfigurationSubscription = await store.subscribe(
    keys,
    none,
    async (items) => {
      for (const [key, { value }] of items) told.push([key, value]);
      await during();
    },
    id,
  );
  return { told, close: () => open.close() };
}

const last = (told: readonly (readonly [string, string])[]) => told.at(-1)?.join("=");

const scenes: readonly Scene[] = [
  {
    name: "reads some, all and none",
    items: { a: "1", b: "2", c: "3" },
    async run(use) {
      await use.again();
      const get = async (...keys: string[]) => values(await use.store.get(keys, none)).sort();
      equal(await get("a"), [["a", "1"]], "one");
      equal(
        await get("c", "nothing", "b"),
        [
          ["b", "2"],
          ["c", "3"],
        ],
        "two and one that is missing",
      );
      equal(await get("nothing"), [], "one that is missing");
      equal((await get()).length, 3, "all of them");
    },
  },
  {
    name: "keys are nothing but names, and values are kept as they are",
    async run(use) {
      const keys = ["__proto__", "constructor", "a/b", "a b", "\u00fc", "*", "a||b", "x".repeat(1_000)];
      const value = 'two\nlines, "quotes", \u{1f511}';
      for (const key of keys) await use.put(key, `${key}${value}`);
      await use.again();
      const found = await use.store.get(keys, none);
      for (const key of keys) equal(found.get(key)?.value, `${key}${value}`, key);
    },
  },
  {
    name: "a change and a deletion are seen",
    items: { a: "1", b: "2" },
    async run(use) {
      const before = (await use.store.get(["a"], none)).get("a")?.version;
      await use.put("a", "changed");
      await use.put("b", null);
      await use.again();
      equal(values(await use.store.get([], none)), [["a", "changed"]], "what is left");
      const after = (await use.store.get(["a"], none)).get("a")?.version;
      check(before === "" || before !== after, "a changed item has another version");
    },
  },
  {
    name: "a subscription is told of its keys and of no others",
    items: { a: "1", b: "1" },
    async run(use) {
      const [some, all] = [await listen(use.store, ["a", "new"]), await listen(use.store, [])];
      await use.put("b", "2");
      await use.put("a", "2");
      await use.put("new", "n");
      await use.put("a", null);
      await until("all four changes are told", () => all.told.length >= 4 && some.told.length >= 3);
      const expected = [
        ["b", "2"],
        ["a", "2"],
        ["new", "n"],
        ["a", ""],
      ];
      equal(all.told, expected, "the one to all keys");
      equal(some.told, expected.slice(1), "the one to two keys");
      await some.close();
      await all.close();
    },
  },
  {
    name: "what was there before is not told",
    items: { a: "1" },
    async run(use) {
      await use.put("a", "2");
      const { told, close } = await listen(use.store, []);
      await use.put("a", "3");
      await until("the change is told", () => told.length > 0);
      equal(told, [["a", "3"]], "what is told");
      await close();
    },
  },
  {
    name: "changes are told in their order, one after the other, and the last one is told",
    async run(use) {
      let inside = 0;
      let most = 0;
      const { told, close } = await listen(use.store, ["a"], async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 1));
        inside--;
      });
      for (let n = 1; n <= 40; n++) await use.put("a", String(n));
      await until("the last change is told", () => last(told) === "a=40");
      const numbers = told.map(([, value]) => Number(value));
      equal(
        numbers,
        [...numbers].sort((a, b) => a - b),
        "the order",
      );
      equal(most, 1, "how many were told at once");
      await close();
    },
  },
  {
    name: "who fails or takes long holds up nobody else, and is told of what follows",
    async run(use) {
      let go = () => {};
      const stuck = new Promise<void>((resolve) => {
        go = resolve;
      });
      const failing = await listen(use.store, ["a"], () => Promise.reject(new Error("no")));
      const slow = await listen(use.store, ["a"], () => stuck);
      const quick = await listen(use.store, ["a"]);
      try {
        await use.put("a", "1");
        await until("all are told", () => [failing, slow, quick].every(({ told }) => last(told) === "a=1"));
        await use.put("a", "2");
        await until("two are told", () => [failing, quick].every(({ told }) => last(told) === "a=2"));
        equal(slow.told.length, 1, "what the slow one was told");
      } finally {
        go();
      }
      await until("the slow one is told", () => last(slow.told) === "a=2");
      for (const one of [failing, slow, quick]) await one.close();
    },
  },
  {
    name: "a closed subscription is told nothing",
    async run(use) {
      const [closed, open] = [await listen(use.store, ["a"]), await listen(use.store, ["a"])];
      await closed.close();
      await closed.close();
      await use.put("a", "1");
      await until("the open one is told", () => open.told.length > 0);
      equal(closed.told, [], "the closed one");
      await open.close();
    },
  },
  {
    name: "a change by another store on the same settings is told",
    needs: "another",
    items: { a: "1" },
    async run(use) {
      const other = await use.another();
      const [here, there] = [await listen(use.store, ["a"]), await listen(other, ["a"])];
      await use.host.change(other, [{ key: "a", value: "2", version: undefined, metadata: none }]);
      await until("both are told", () => last(here.told) === "a=2" && last(there.told) === "a=2");
      equal([here.told.length, there.told.length], [1, 1], "once each");
      equal((await use.store.get(["a"], none)).get("a")?.value, "2", "what is read");
      await here.close();
      await there.close();
    },
  },
  {
    name: "a subscription that goes on is told what it missed, and one that ended is not",
    needs: "resumes",
    async run(use) {
      const before = await listen(use.store, ["a"], undefined, "kept");
      await use.put("a", "1");
      await until("the first change is told", () => before.told.length > 0);
      await before.close();
      await use.put("a", "2");
      await use.again();
      const after = await listen(use.store, ["a"], undefined, "kept");
      await until("what was missed is told", () => last(after.told) === "a=2");
      equal(after.told, [["a", "2"]], "what was missed");
      await after.close();
      const ended = await use.store.subscribe(["a"], none, async () => undefined, "kept");
      await ended.end?.();
      await use.put("a", "3");
      await use.again();
      const anew = await listen(use.store, ["a"], undefined, "kept");
      await use.put("a", "4");
      await until("the next change is told", () => last(anew.told) === "a=4");
      equal(anew.told, [["a", "4"]], "what is told to a new one of the same name");
      await anew.close();
    },
  },
  {
    name: "a closed store refuses, and closing twice is harmless",
    async run(use) {
      const { told } = await listen(use.store, []);
      await use.store.close();
      await use.store.close();
      const failure = await use.store.get(["a"], none).catch((error: unknown) => error);
      check(failure instanceof ComponentError, "a closed store fails with a ComponentError");
      equal(told, [], "what was told");
    },
  },
];

/** The cases that the host can have, each a second time across a reopening where the settings persist. */
export function configurationConformance(host: ConfigurationStoreHost): readonly ConfigurationCase[] {
  return scenes.flatMap(({ name, needs, items = {}, run }) => {
    if (needs === "another" && host.another === undefined) return [];
    if (needs === "resumes" && !host.resumes) return [];
    return (host.reopen === undefined ? [false] : [false, true]).map((reopens) => ({
      name: `${name}${reopens ? " (across a reopening)" : ""}`,
      async run() {
        let store = await host.open(new Map(Object.entries(items)));
        const others: ConfigurationStore[] = [];
        try {
          await run({
            host,
            get store() {
              return store;
            },
            put: (key, value) => host.change(store, [{ key, value, version: undefined, metadata: none }]),
            async again() {
              if (!reopens || host.reopen === undefined) return;
              await store.close();
              store = await host.reopen();
            },
            async another() {
              if (host.another === undefined) throw new Error(`${host.name} has no second store`);
              const other = await host.another();
              others.push(other);
              return other;
            },
          });
        } finally {
          await Promise.allSettled([store, ...others].map((opened) => opened.close()));
        }
      },
    }));
  });
}
