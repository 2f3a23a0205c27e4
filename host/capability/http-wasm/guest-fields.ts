import { GuestFault } from "../guest-fault.ts";

/** A header's name in lower case, and its value's bytes. */
export type GuestField = readonly [name: string, value: Uint8Array];

/** What a message's headers may take, in all: no host of the web's takes more. */
const MAX_FIELDS = 1_000;
const MAX_BYTES = 256 << 10;

/** The headers of a message, as a guest sees and changes them. Their order and repeats are kept. */
export class GuestFields {
  #fields: GuestField[];
  changed = false;

  constructor(fields: readonly GuestField[]) {
    this.#fields = [...fields];
  }

  get list(): readonly GuestField[] {
    return this.#fields;
  }

  /** Each once, sorted: a guest must not see in which order they came. */
  get names(): readonly string[] {
    return [...new Set(this.#fields.map(([name]) => name))].sort();
  }

  values(name: string): readonly Uint8Array[] {
    return this.#fields.flatMap(([known, value]) => (known === name ? [value] : []));
  }

  set(name: string, value: Uint8Array): void {
    this.remove(name);
    this.add(name, value);
  }

  add(name: string, value: Uint8Array): void {
    this.#fields.push([name, value]);
    this.changed = true;
    const bytes = this.#fields.reduce((sum, [known, some]) => sum + known.length + some.length, 0);
    if (this.#fields.length > MAX_FIELDS || bytes > MAX_BYTES)
      throw new GuestFault(
        "budget",
        `its headers are more than ${MAX_FIELDS}, or have more than ${MAX_BYTES} bytes`,
      );
  }

  remove(name: string): void {
    const kept = this.#fields.filter(([known]) => known !== name);
    if (kept.length === this.#fields.length) return;
    this.#fields = kept;
    this.changed = true;
  }
}
