/** A Map of bounded size: what was least recently asked for makes room. */
export class LruMap<V> {
  readonly #values = new Map<string, V>();

  constructor(readonly size: number) {}

  /** What was asked for longest ago comes first. */
  [Symbol.iterator](): IterableIterator<[string, V]> {
    return this.#values.entries();
  }

  /** The value of this key; made where there is none. */
  get(key: string, make: () => V): V {
    const value = this.#values.has(key) ? (this.#values.get(key) as V) : make();
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > this.size) {
      const [eldest] = this.#values.keys();
      this.#values.delete(eldest as string);
    }
    return value;
  }
}
