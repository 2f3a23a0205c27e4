import type { Store, StoreFeature } from "../../host/components/state/store.ts";
import type { FakeClock } from "../../host/fake-clock.ts";
import { basics } from "./state/basics.ts";
import { checks } from "./state/checks.ts";
import { concurrency } from "./state/concurrency.ts";
import { expiry } from "./state/expiry.ts";
import { lifecycle } from "./state/lifecycle.ts";
import { lists } from "./state/lists.ts";
import { outcomes } from "./state/outcomes.ts";
import { queryFilters } from "./state/query-filters.ts";
import { queryResults } from "./state/query-results.ts";
import type { Case, Use } from "./state/scenario.ts";
import { transactions } from "./state/transactions.ts";

/** A store under test and how to open it. Nothing here needs a test runner, so that a page can run it too. */
export interface StoreHost {
  readonly name: string;
  /** As the store's definition declares them: they select the groups. */
  readonly features: readonly StoreFeature[];
  /** `platform.clock` of every store that this host opens. */
  readonly clock: FakeClock;
  /**
   * A store with nothing in it, independent of those opened before. One with the feature QUERY_API has the indexes
   * that `state/query.ts` exports.
   */
  open(): Promise<Store>;
  /** Opens what the last `open` left behind; the suite has closed it. Left out where nothing persists. */
  reopen?(): Promise<Store>;
  /** A second store at the same time on the data of the last `open`, as another process or worker has it. */
  another?(): Promise<Store>;
}

export interface StoreCase {
  readonly name: string;
  /** Rejects with an Error that says what was expected and what came. */
  run(): Promise<void>;
}

const groups: Readonly<Record<string, readonly Case[]>> = {
  basics,
  concurrency,
  transactions,
  expiry,
  outcomes,
  checks,
  lists,
  queries: [...queryFilters, ...queryResults],
  lifecycle,
};

/** The cases that the host's features call for, each a second time across a reopening where the data persists. */
export function storeConformance(host: StoreHost): readonly StoreCase[] {
  const cases: StoreCase[] = [];
  for (const [group, members] of Object.entries(groups)) {
    for (const { name, needs, shared, run } of members) {
      if (!needs.every((feature) => host.features.includes(feature))) continue;
      if (shared === true && host.another === undefined) continue;
      const modes = host.reopen === undefined ? [false] : [false, true];
      for (const reopens of modes) {
        cases.push({
          name: `${group}: ${name}${reopens ? " (across a reopening)" : ""}`,
          run: () => scene(host, reopens, run),
        });
      }
    }
  }
  return cases;
}

async function scene(host: StoreHost, reopens: boolean, run: (use: Use) => Promise<void>): Promise<void> {
  let store = await host.open();
  const others: Store[] = [];
  try {
    await run({
      get store() {
        return store;
      },
      clock: host.clock,
      durable: host.reopen !== undefined,
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
}
