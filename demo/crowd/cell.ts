import type { ActorContext } from "daprlet/actors";

/** What an actor says of itself. */
export interface Told {
  /** The number of the tab that it lives in. */
  readonly tab: number;
  readonly count: number;
  /** When it said so, by the clock of this machine. */
  readonly at: number;
}

interface Stored {
  readonly count: number;
  /** By the number of the calling tab: its last call. */
  readonly calls: Readonly<Record<number, string>>;
}

/** An actor that counts, and knows in which tab it lives. */
export class Cell {
  readonly #actor: ActorContext;
  readonly #tab: number;

  constructor(actor: ActorContext, tab: number) {
    this.#actor = actor;
    this.#tab = tab;
  }

  async where(): Promise<Told> {
    return this.#told(await this.#stored());
  }

  /** Counts a call once, also where its caller has to ask again because a tab died in the middle of it. */
  async count(caller: number, call: string): Promise<Told> {
    const { count, calls } = await this.#stored();
    if (calls[caller] === call) return this.#told({ count });
    this.#actor.state.set("cell", { count: count + 1, calls: { ...calls, [caller]: call } } satisfies Stored);
    return this.#told({ count: count + 1 });
  }

  async #stored(): Promise<Stored> {
    return (await this.#actor.state.get<Stored>("cell")) ?? { count: 0, calls: {} };
  }

  #told({ count }: Pick<Stored, "count">): Told {
    return { tab: this.#tab, count, at: Date.now() };
  }
}
