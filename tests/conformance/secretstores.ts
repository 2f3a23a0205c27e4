import type { SecretStore } from "../../host/components/secretstores/secret-store.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { check, equal } from "./state/scenario.ts";

/** A secret store under test. Nothing here needs a test runner, so that a page can run it too. */
export interface SecretStoreHost {
  readonly name: string;
  /** What a secret that is not there is. */
  readonly missing: "an error" | "empty";
  /** Whether the store, as it is opened, lets itself be read in bulk. */
  readonly bulk: boolean;
  /** A store that holds these secrets; others only where they are the machine's. */
  open(secrets: ReadonlyMap<string, string>): Promise<SecretStore>;
  /** Opens what the last `open` left behind. Left out where nothing persists. */
  reopen?(): Promise<SecretStore>;
}

export interface SecretStoreCase {
  readonly name: string;
  /** Rejects with an Error that says what was expected and what came. */
  run(): Promise<void>;
}

const secrets = new Map([
  ["CONFORMANCE_PLAIN", "a value"],
  ["CONFORMANCE_EMPTY", ""],
  ["CONFORMANCE_TEXT", 'two\nlines, "quotes", \u00fcml\u00e4uts \u{1f511}, \\ and { } = #'],
  ["CONFORMANCE_LONG", "x".repeat(20_000)],
  ["constructor", "a name like any other"],
  ["toString", "and another"],
]);

const none: ReadonlyMap<string, string> = new Map();

async function failure(work: () => Promise<unknown>): Promise<ComponentError> {
  try {
    await work();
  } catch (error) {
    check(error instanceof ComponentError, "a store fails with a ComponentError");
    return error;
  }
  throw new Error("expected a failure");
}

async function reads(store: SecretStore): Promise<void> {
  for (const [name, value] of secrets) {
    equal([...(await store.get(name, none))], [[name, value]], `secret ${name}`);
  }
}

const cases: readonly {
  readonly name: string;
  run(host: SecretStoreHost, store: SecretStore): Promise<void>;
}[] = [
  { name: "every secret has its value", run: (_, store) => reads(store) },
  {
    name: "a hundred reads at once",
    run: async (_, store) => void (await Promise.all(Array.from({ length: 100 }, () => reads(store)))),
  },
  {
    name: "a secret that is not there",
    async run({ missing }, store) {
      for (const name of ["CONFORMANCE_NONE", "__proto__", "CONFORMANCE_plain"]) {
        if (missing === "empty") equal([...(await store.get(name, none))], [[name, ""]], name);
        else {
          const error = await failure(() => store.get(name, none));
          equal([error.code, error.message], ["NOT_FOUND", `secret ${name} not found`], name);
        }
      }
    },
  },
  {
    name: "all of them, or a refusal",
    async run({ bulk }, store) {
      if (!bulk) {
        equal((await failure(() => store.bulkGet(none))).code, "PERMISSION_DENIED", "a bulk read");
        return;
      }
      const all = await store.bulkGet(none);
      for (const [name, value] of secrets) {
        equal([...(all.get(name) ?? [])], [[name, value]], `secret ${name} in bulk`);
      }
    },
  },
  {
    name: "closes twice",
    async run(_, store) {
      await store.close();
      await store.close();
    },
  },
];

/** Every case, and a second time across a reopening where the secrets persist. */
export function secretStoreConformance(host: SecretStoreHost): readonly SecretStoreCase[] {
  const { reopen } = host;
  const modes = reopen === undefined ? [false] : [false, true];
  return cases.flatMap(({ name, run }) =>
    modes.map((reopens) => ({
      name: `${name}${reopens ? " (across a reopening)" : ""}`,
      async run() {
        let store = await host.open(secrets);
        try {
          if (reopens && reopen !== undefined) {
            await store.close();
            store = await reopen();
          }
          await run(host, store);
        } finally {
          await store.close();
        }
      },
    })),
  );
}
