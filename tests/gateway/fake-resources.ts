interface Resource {
  readonly kind: string;
  readonly value: unknown;
  readonly parent: number | undefined;
  children: number;
}

/** Handles as a host of the canonical ABI keeps them: of a kind each, and never gone before what was opened from them. */
export class Resources {
  readonly #open = new Map<number, Resource>();
  #next = 1;

  open(kind: string, value: unknown, parent?: number): number {
    const handle = this.#next++;
    this.#open.set(handle, { kind, value, parent, children: 0 });
    const above = parent === undefined ? undefined : this.#open.get(parent);
    if (above !== undefined) above.children++;
    return handle;
  }

  #find(handle: number, kind: string): Resource {
    const found = this.#open.get(handle);
    if (found === undefined) throw new Error(`${handle} is no open ${kind}`);
    if (found.kind !== kind) throw new Error(`${handle} is a ${found.kind}, not a ${kind}`);
    return found;
  }

  get<T>(handle: number, kind: string): T {
    return this.#find(handle, kind).value as T;
  }

  /** Takes it from the guest. */
  take<T>(handle: number, kind: string): T {
    const { value, parent, children } = this.#find(handle, kind);
    if (children > 0) throw new Error(`a ${kind} ends before what was opened from it`);
    this.#open.delete(handle);
    const above = parent === undefined ? undefined : this.#open.get(parent);
    if (above !== undefined) above.children--;
    return value as T;
  }

  drop(handle: number, kind: string): void {
    const value = this.take<{ onDrop?: () => void } | undefined>(handle, kind);
    value?.onDrop?.();
  }

  /** Kinds of what is open. */
  left(): readonly string[] {
    return Array.from(this.#open.values(), ({ kind }) => kind);
  }
}
