import type { Durability } from "../../host/components/state/store.ts";

/** Whether the browser may evict this origin's data under pressure: `best-effort`, until it granted persistence. */
export async function storageDurability(): Promise<Durability> {
  try {
    return (await navigator.storage?.persisted?.()) ? "persistent" : "best-effort";
  } catch {
    return "best-effort";
  }
}

/** What the browser last said of it, at once; every look asks it anew, for the next one. */
export class LastDurability {
  #last: Durability = "best-effort";

  get value(): Durability {
    void this.ask();
    return this.#last;
  }

  async ask(): Promise<void> {
    this.#last = await storageDurability();
  }
}

/**
 * False where the browser gives this context no IndexedDB at all (an opaque origin, blocked site data). Nothing was
 * ever kept there, so memory takes its place without hiding anything.
 */
export function storageAvailable(): boolean {
  try {
    if (typeof indexedDB === "undefined" || indexedDB === null) return false;
    // Deleting what does not exist changes nothing, and is refused synchronously where storage is denied.
    indexedDB.deleteDatabase("daprlet:?");
    return true;
  } catch {
    return false;
  }
}
