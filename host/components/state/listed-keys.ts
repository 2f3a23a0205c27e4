/** A chunk of more keys is cut in two. */
const CHUNK = 512;

/** The index of the first of `list` for which `isPast` holds. */
function firstPast<T>(list: readonly T[], isPast: (one: T) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isPast(list[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Keys in the order of their UTF-16 units: in chunks, so that one more costs about the same however many there are. */
export class ListedKeys {
  /** None is empty. */
  readonly #chunks: string[][] = [];

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  add(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([key]);
      return;
    }
    const place = placeIn(chunk, key);
    if (chunk[place] === key) return;
    chunk.splice(place, 0, key);
    if (chunk.length > CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK >> 1));
  }

  delete(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const place = placeIn(chunk, key);
    if (chunk[place] !== key) return;
    if (chunk.length === 1) this.#chunks.splice(at, 1);
    else chunk.splice(place, 1);
  }

  clear(): void {
    this.#chunks.length = 0;
  }

  /** The first `limit` that are wanted, from `from` up to, and without, `to`. */
  first(from: string, to: string, limit: number, isWanted: (key: string) => boolean): readonly string[] {
    const found: string[] = [];
    for (let at = this.#chunkOf(from); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] as string[];
      for (let i = placeIn(chunk, from); i < chunk.length; i++) {
        const key = chunk[i] as string;
        if (found.length >= limit || key >= to) return found;
        if (isWanted(key)) found.push(key);
      }
    }
    return found;
  }

  /** The last chunk that begins at or before a key, or the first. */
  #chunkOf(key: string): number {
    return Math.max(0, firstPast(this.#chunks, (chunk) => (chunk[0] as string) > key) - 1);
  }
}

/** Where a key stands in a chunk, or would stand. */
function placeIn(chunk: readonly string[], key: string): number {
  return firstPast(chunk, (other) => other >= key);
}
