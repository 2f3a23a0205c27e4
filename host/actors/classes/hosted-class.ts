import type { ActorClass, ActorHooks, Method } from "./actor-class.ts";
import { callableMethods } from "./actor-class.ts";
import { actorContext, outsideTurn } from "./actor-context.ts";
import type { ActorSidecar } from "./actor-sidecar.ts";
import { TurnState } from "./turn-state.ts";

/** One active actor. */
class Instance {
  readonly type: string;
  readonly id: string;
  readonly sidecar: ActorSidecar;
  readonly methods: ReadonlyMap<string, Method>;
  /** Rejects with what `onActivate` threw. */
  readonly active: Promise<void>;
  readonly #actor: ActorHooks;
  /** Under way: the last one began last. More than one only under reentrancy. */
  readonly #turns: TurnState[] = [];
  #reentrancy: string | undefined;
  #ended = false;

  constructor(owner: HostedClass, id: string) {
    this.type = owner.type;
    this.id = id;
    this.sidecar = owner.sidecar;
    this.methods = owner.methods;
    this.#actor = new owner.definition(actorContext(this));
    this.active = this.#hook("onActivate");
  }

  state(): TurnState {
    const turn = this.#turns.at(-1);
    if (turn === undefined || this.#ended) throw outsideTurn(this.type, this.id);
    return turn;
  }

  reentrancy(): string | undefined {
    return this.#reentrancy;
  }

  /** Runs `work` as a turn: what it changes is in the store when this resolves, and nothing of it where it throws. */
  async turn<T>(reentrancy: string | undefined, work: (actor: ActorHooks) => T): Promise<Awaited<T>> {
    const load = (key: string) => this.sidecar.getState(this.type, this.id, key);
    const state = new TurnState(load, this.#turns.at(-1));
    this.#turns.push(state);
    this.#reentrancy = reentrancy;
    try {
      const result = await work(this.#actor);
      if (this.#ended) throw outsideTurn(this.type, this.id);
      const { changes } = state;
      if (changes.length > 0) await this.sidecar.transact(this.type, this.id, changes);
      state.committed();
      return result;
    } finally {
      this.#turns.splice(this.#turns.indexOf(state), 1);
      if (this.#turns.length === 0) this.#reentrancy = undefined;
    }
  }

  /** What still runs of it changes nothing any more. */
  end(): void {
    this.#ended = true;
  }

  async deactivate(): Promise<void> {
    await this.active.catch(() => undefined);
    await this.#hook("onDeactivate").finally(() => this.end());
  }

  async #hook(name: "onActivate" | "onDeactivate"): Promise<void> {
    if (this.#actor[name] !== undefined) await this.turn(undefined, (actor) => actor[name]?.());
  }
}

/** The active actors of one type. */
export class HostedClass {
  readonly methods: ReadonlyMap<string, Method>;
  readonly #instances = new Map<string, Instance>();

  constructor(
    readonly type: string,
    readonly definition: ActorClass,
    readonly sidecar: ActorSidecar,
  ) {
    this.methods = callableMethods(this.definition);
  }

  /**
   * A turn of the actor, activated by it where it was not. A turn whose caller gave up takes its instance with it: nobody
   * can end what still runs, but it changes nothing any more, and the next turn has an actor made anew.
   */
  async turn<T>(
    id: string,
    reentrancy: string | undefined,
    signal: AbortSignal | undefined,
    work: (actor: ActorHooks) => T,
  ): Promise<Awaited<T>> {
    let instance = this.#instances.get(id);
    if (instance === undefined) {
      instance = new Instance(this, id);
      this.#instances.set(id, instance);
    }
    const own = instance;
    const run = async () => {
      await own.active.catch((error: unknown) => {
        this.#forget(own);
        throw error;
      });
      return await own.turn(reentrancy, work);
    };
    if (signal === undefined) return await run();
    signal.throwIfAborted();
    return await new Promise((resolve, reject) => {
      const abandon = () => {
        own.end();
        this.#forget(own);
        reject(signal.reason);
      };
      signal.addEventListener("abort", abandon, { once: true });
      run()
        .then(resolve, reject)
        .finally(() => signal.removeEventListener("abort", abandon));
    });
  }

  /** Nothing where it is not active. */
  async deactivate(id: string): Promise<void> {
    const instance = this.#instances.get(id);
    if (instance === undefined) return;
    this.#forget(instance);
    await instance.deactivate();
  }

  #forget(instance: Instance): void {
    if (this.#instances.get(instance.id) === instance) this.#instances.delete(instance.id);
  }
}
