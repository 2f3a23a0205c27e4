import { signal } from "@preact/signals";
import type { ShownProject } from "daprlet/lent";
import { resultOf } from "./session.ts";

/** Accepted bytes that were fetched, by project and unit. */
export const results = signal<ReadonlyMap<string, ReadonlyMap<number, Uint8Array>>>(new Map());

const asked = new Set<string>();
/** At a time. */
const most = 4;
let underWay = 0;

/** Fetches what was accepted and is not here yet, a few at a time. */
export function catchUp({ name, states }: ShownProject): void {
  for (let unit = 0; unit < states.length && underWay < most; unit++) {
    const key = `${name} ${unit}`;
    if (states[unit] !== "a" || asked.has(key)) continue;
    asked.add(key);
    underWay += 1;
    resultOf(name, unit)
      .then(
        (bytes) => {
          if (bytes === undefined) return void asked.delete(key);
          const all = new Map(results.value);
          results.value = all.set(name, new Map(all.get(name)).set(unit, bytes));
        },
        () => void asked.delete(key),
      )
      .finally(() => {
        underWay -= 1;
        catchUp({ name, states } as ShownProject);
      });
  }
}
