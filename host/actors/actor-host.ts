import type { ActorDirectory, Core } from "../core/core.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { type RuntimeRequest, type RuntimeResponse, readBody, withoutHeader } from "../http.ts";
import { type Platform, withTimeout } from "../platform.ts";
import type { ActorConfig, ActorTypeConfig } from "./actor-config.ts";
import { StackDepthError } from "./actor-error.ts";
import { type HostedActors, NotOwnedError } from "./hosted-actors.ts";
import { IdleWatch } from "./idle-watch.ts";
import { Turns } from "./turns.ts";

/** Actors that are deactivated at a time. */
const atOnce = 64;
/** How long the app may take to let go of one. Milliseconds. */
const deactivateMs = 5_000;

const chainHeader = "dapr-reentrancy-id";

function pathOf(type: string, id: string): string {
  return `/actors/${encodeURIComponent(type)}/${encodeURIComponent(id)}`;
}

interface HostedType {
  readonly name: string;
  readonly number: number;
  config: ActorTypeConfig;
}

export interface ActorHostOptions {
  readonly platform: Platform;
  /** A directory of it is made with the first type. */
  readonly core: Core;
  /** Calls the app. Throws AppUnreachableError. */
  readonly app: (request: RuntimeRequest) => Promise<RuntimeResponse>;
  /** True while this instance owns the actor and nothing about that is changing. */
  readonly owns: (type: string, id: string) => boolean;
  /** The time that a type's policy allows for a turn, around what runs in it. */
  readonly limited: <T>(
    type: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ) => Promise<T>;
  /** Told of every actor that is not active any more. */
  readonly deactivated: (type: string, id: string) => void;
}

/** What one call of an actor hands to the app. */
export interface ActorCall {
  readonly type: string;
  readonly id: string;
  /** Encoded for a path; below `method/`. */
  readonly method: string;
  readonly query: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
  /** Of the chain of calls that it belongs to. */
  readonly chain: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * The actors that this instance hosts: one turn of each at a time, idle ones deactivated, those that are owned elsewhere
 * halted (dapr-actors §3). There is no object for an actor, only for a call of one.
 */
export class ActorHost implements HostedActors {
  readonly #options: ActorHostOptions;
  /** Made with the first type: most sidecars host no actors. */
  #made: Turns | undefined;
  readonly #types = new Map<string, HostedType>();
  readonly #names: string[] = [];
  /** Changes of what is owned here are seen through one after another. */
  #halting: Promise<void> = Promise.resolve();
  readonly #idle: IdleWatch;
  /** Writes of actors' state that are under way. */
  readonly #commits = new Set<Promise<unknown>>();

  constructor(options: ActorHostOptions) {
    this.#options = options;
    const letGo = (actors: readonly number[]) => this.#deactivateIdle(actors);
    this.#idle = new IdleWatch(options.platform.clock, () => this.#directory, letGo);
  }

  get #turns(): Turns {
    const { core, platform } = this.#options;
    this.#made ??= new Turns(core.directory(), platform.clock);
    return this.#made;
  }

  get #directory(): ActorDirectory {
    return this.#turns.directory;
  }

  get types(): readonly string[] {
    return [...this.#types.keys()];
  }

  /** Active actors of each type. */
  get counts(): ReadonlyMap<string, number> {
    return new Map([...this.#types].map(([name, { number }]) => [name, this.#directory.count(number)]));
  }

  hosts(type: string): boolean {
    return this.#types.has(type);
  }

  /** What the app hosts from now on. Actors of other types are to be halted by the change of placement that follows. */
  configure(config: ActorConfig): void {
    for (const [name, settings] of config) {
      let type = this.#types.get(name);
      if (type === undefined) {
        let number = this.#names.indexOf(name);
        if (number === -1) number = this.#names.push(name) - 1;
        type = { name, number, config: settings };
        this.#types.set(name, type);
      } else type.config = settings;
      this.#directory.type(type.number, settings.idleTimeoutMs);
    }
    for (const name of this.#types.keys()) if (!config.has(name)) this.#types.delete(name);
  }

  owns(type: string, id: string): boolean {
    return this.#types.has(type) && this.#options.owns(type, id);
  }

  active(type: string, id: string): boolean {
    const hosted = this.#types.get(type);
    return hosted !== undefined && this.#directory.find(hosted.number, id) !== -1;
  }

  call(type: string, id: string, method: string, body: Uint8Array): Promise<RuntimeResponse> {
    const headers = ["content-type", "application/json"];
    return this.invoke({
      type,
      id,
      method,
      query: "",
      headers,
      body,
      chain: undefined,
      signal: undefined,
    });
  }

  /**
   * Calls the app in the actor's turn, which ends when its answer has been read. Throws {@link NotOwnedError},
   * {@link StackDepthError}, AppUnreachableError, or the reason of the signal.
   */
  async invoke(call: ActorCall): Promise<RuntimeResponse> {
    const { type, id } = call;
    const hosted = this.#types.get(type);
    if (hosted === undefined || !this.#options.owns(type, id)) throw new NotOwnedError(type, id);
    const { maxStackDepth } = hosted.config;
    const reentrant = maxStackDepth !== undefined;
    const chain = reentrant ? (call.chain ?? this.#options.platform.uuid()) : undefined;
    const turn = this.#turns.enter(hosted.number, id, chain, maxStackDepth ?? 1);
    if (turn === "too-deep") throw new StackDepthError(type, id);
    const send = (signal: AbortSignal) => this.#send(call, chain, signal);
    try {
      return await turn.run(call.signal, (signal) => this.#options.limited(type, signal, send));
    } finally {
      this.#idle.look();
    }
  }

  async #send(call: ActorCall, chain: string | undefined, signal: AbortSignal): Promise<RuntimeResponse> {
    const { query, body } = call;
    const path = `${pathOf(call.type, call.id)}/method/${call.method}`;
    const headers =
      chain === undefined ? call.headers : [...withoutHeader(call.headers, chainHeader), chainHeader, chain];
    const answer = await this.#options.app({ method: "PUT", path, query, headers, body, signal });
    // Read whole: the turn is not over before it is.
    return answer.body instanceof ReadableStream ? { ...answer, body: await readBody(answer.body) } : answer;
  }

  /** Runs a write of an actor's state. Halting waits for it, so that the next owner reads what it wrote. */
  async commit<T>(type: string, id: string, write: () => Promise<T>): Promise<T> {
    if (!this.active(type, id)) throw new NotOwnedError(type, id);
    const writing = write();
    const settled = writing.catch(() => undefined);
    this.#commits.add(settled);
    void settled.then(() => this.#commits.delete(settled));
    return await writing;
  }

  /** Deactivates one actor once its calls have ended; false when it is not active. */
  async deactivate(type: string, id: string): Promise<boolean> {
    const hosted = this.#types.get(type);
    const actor = hosted === undefined ? -1 : this.#directory.find(hosted.number, id);
    if (actor === -1) return false;
    await this.#letGo(type, id, actor);
    return true;
  }

  /**
   * Halts the actors of these types that `keeps` does not name: their calls end, or are cut off when the type's time for
   * that is over; waiting ones fail at once and are looked up anew. Resolves when nothing of them is at work.
   */
  halt(types: ReadonlySet<string>, keeps: (type: string, id: string) => boolean): Promise<void> {
    // One after another: an end of this instance may come into a change of owners.
    this.#halting = this.#halting.then(async () => {
      await Promise.all([...types].map((type) => this.#halt(type, keeps)));
      await Promise.all(this.#commits);
    });
    return this.#halting;
  }

  async #halt(type: string, keeps: (type: string, id: string) => boolean): Promise<void> {
    const { platform } = this.#options;
    const number = this.#names.indexOf(type);
    if (number === -1) return;
    const directory = this.#directory;
    const { drainTimeoutMs, drainsCalls } = this.#types.get(type)?.config ?? {
      drainTimeoutMs: 0,
      drainsCalls: false,
    };
    const halted = new Map<number, string>();
    directory.each(number, (actor) => {
      const id = directory.id(actor);
      if (!keeps(type, id)) halted.set(actor, id);
    });
    // One that was idle may be let go of meanwhile.
    const still = () => [...halted].filter(([actor, id]) => directory.find(number, id) === actor);
    for (const [actor, id] of halted) this.#turns.refuseWaiting(actor, new NotOwnedError(type, id));
    const drainMs = drainsCalls ? drainTimeoutMs : 0;
    const late = () => new Error("calls were under way for too long");
    const ended = this.#turns.ended([...halted.keys()]);
    await withTimeout(platform.clock, drainMs, ended, late).catch(async () => {
      for (const [actor, id] of still()) this.#turns.cut(actor, new NotOwnedError(type, id));
      await this.#turns.ended(still().map(([actor]) => actor));
    });
    await this.#each([...halted.keys()], async (actor) => {
      const id = halted.get(actor) as string;
      if (directory.find(number, id) !== actor) return;
      directory.remove(actor);
      await this.#tellDeactivated(type, id);
    });
  }

  /** Removes an actor in a turn of its own, so that no call comes between. */
  async #letGo(type: string, id: string, actor: number): Promise<void> {
    const directory = this.#directory;
    const turn = this.#turns.enter(directory.typeOf(actor), id, undefined, 1);
    if (turn === "too-deep") return;
    await turn.run(undefined, () => this.#tellDeactivated(type, id));
    const again = directory.find(directory.typeOf(actor), id);
    // Who waited meanwhile has activated it anew.
    if (again !== -1 && directory.waiting(again) === 0) directory.remove(again);
  }

  async #tellDeactivated(type: string, id: string): Promise<void> {
    const { app, platform, deactivated } = this.#options;
    deactivated(type, id);
    const path = pathOf(type, id);
    try {
      const late = () => new Error(`the app did not answer within ${deactivateMs / 1000} s`);
      const telling = app({ method: "DELETE", path, query: "", headers: [], body: undefined });
      const { status, body } = await withTimeout(platform.clock, deactivateMs, telling, late);
      await readBody(body);
      if (status !== 200)
        platform.log.warn(`the app answered the deactivation of an actor with ${status}`, { type });
    } catch (error) {
      platform.log.warn("the app could not be told that an actor is deactivated", {
        type,
        cause: reasonOf(error),
      });
    }
  }

  async #each(actors: readonly number[], work: (actor: number) => Promise<void>): Promise<void> {
    const rest = actors.values();
    const worker = async () => {
      for (const actor of rest) await work(actor);
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, actors.length) }, worker));
  }

  #deactivateIdle(actors: readonly number[]): Promise<void> {
    const directory = this.#directory;
    return this.#each(actors, async (actor) => {
      const type = this.#names[directory.typeOf(actor)] as string;
      // One whose owner changes meanwhile is let go of by that.
      await this.#letGo(type, directory.id(actor), actor).catch(() => undefined);
    });
  }

  stop(): void {
    this.#idle.stop();
  }
}
