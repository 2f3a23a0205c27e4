/** What waits for its time. The queue alone changes `index`. */
export interface Waiting {
  readonly at: number;
  index: number;
}

/** What waits, by time: a heap in which each knows its place, so that any can be taken out. */
export class DueQueue<T extends Waiting> {
  readonly #heap: T[] = [];

  get first(): T | undefined {
    return this.#heap[0];
  }

  get size(): number {
    return this.#heap.length;
  }

  add(item: T): void {
    this.#heap.push(item);
    this.#rise(item, this.#heap.length - 1);
  }

  /** Harmless for what is not in it. */
  remove(item: T): void {
    const { index } = item;
    if (this.#heap[index] !== item) return;
    const last = this.#heap.pop() as T;
    item.index = -1;
    if (last === item) return;
    this.#rise(last, index);
    this.#sink(last, last.index);
  }

  #rise(item: T, from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#heap[parent] as T;
      if (above.at <= item.at) break;
      this.#put(above, index);
      index = parent;
    }
    this.#put(item, index);
  }

  #sink(item: T, from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      const [a, b] = [this.#heap[left], this.#heap[left + 1]];
      if (a === undefined) break;
      const below = b !== undefined && b.at < a.at ? b : a;
      if (below.at >= item.at) break;
      const next = below.index;
      this.#put(below, index);
      index = next;
    }
    this.#put(item, index);
  }

  #put(item: T, index: number): void {
    this.#heap[index] = item;
    item.index = index;
  }
}
