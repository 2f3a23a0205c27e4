import type { ComponentChange } from "../host/components/components.ts";

/** Components that could not be opened as they are wanted. */
export class KeptError extends Error {
  readonly names: ReadonlySet<string>;
  constructor(kept: readonly ComponentChange[]) {
    super(kept.map(({ cause }) => cause).join("; "));
    this.name = "KeptError";
    this.names = new Set(kept.map(({ name }) => name));
  }
}
