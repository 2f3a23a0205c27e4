import type { Abortable } from "../abortable.ts";
import type { ActorDirectory, Core } from "../core/core.ts";
import { type RuntimeRequest, type RuntimeResponse, readBody, withoutHeader } from "../http.ts";
import { type Platform, withTimeout } from "../platform.ts";
import type { ActorMeter } from "../telemetry/metrics/meters.ts";
import type { ActorConfig, ActorTypeConfig } from "./actor-config.ts";
import { StackDepthError } from "./actor-error.ts";
import { Deactivations, pathOf } from "./deactivations.ts";
import { type HostedActors, NotOwnedError } from "./hosted-actors.ts";
import { IdleWatch } from "./idle-watch.ts";
import { TurnRequest } from "./turn-request.ts";
import { Turns } from "./turns.ts";

/** Whoever changes owners waits for a halt, and puts out who is late: calls have no longer than this to end. Milliseconds. */
const longestDrainMs = 5_000;
/** How long a halt waits until the app has been told of all that it halted. Milliseconds. */
const tellMs = 2_000;

const chainHeader = "dapr-reentrancy-id";

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
  /** See `AppChannel.abandonsTurns`. */
  readonly abandonsTurns: boolean;
  /** True while this instance owns the actor and nothing about that is changing. */
  readonly owns: (type: string, id: string) => boolean;
  /** The time that a type's policy allows for a turn, around what runs in it. */
  readonly limited: <T>(
    type: string,
    ending: Abortable,
    work: (ending: Abortable) => Promise<T>,
  ) => Promise<T>;
  /** Told of every actor that is not active any more. */
  readonly deactivated: (type: string, id: string) => void;
  /** Undefined where nothing is measured. */
  readonly meter: ActorMeter | undefined;
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
  readonly caller: Abortable | undefined;
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
  readonly #idle: IdleWatch;
  /** Writes of actors' state that are under way. */
  readonly #commits = new Set<Promise<unknown>>();
  readonly #deactivations: Deactivations;

  constructor(options: ActorHostOptions) {
    this.#options = options;
    const letGo = (actors: readonly number[]) => this.#deactivateIdle(actors);
    this.#idle = new IdleWatch(options.platform.clock, () => this.#directory, letGo);
    this.#deactivations = new Deactivations(options.app, options.platform, options.meter);
  }

  get #turns(): Turns {
    const { core, platform } = this.#options;
    this.#made ??= new Turns(core.directory(), platform.clock, () => this.#idle.look());
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

  /** Calls of each type that wait for their turn. */
  get pending(): ReadonlyMap<string, number> {
    const waiting = this.#made?.waiting();
    return new Map([...this.#types].map(([name, { number }]) => [name, waiting?.get(number) ?? 0]));
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
    // A type's idle time may have become shorter.
    if (config.size > 0) this.#idle.look();
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
      caller: undefined,
    });
  }

  /**
   * Calls the app in the actor's turn, which ends when its answer has been read. Throws {@link NotOwnedError},
   * {@link StackDepthError}, AppUnreachableError, or the reason why its caller went away.
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
    const send = (ending: Abortable) => this.#send(call, chain, ending);
    const { abandonsTurns, limited } = this.#options;
    return await turn.run(call.caller, (ending) => limited(type, ending, send), !abandonsTurns);
  }

  async #send(call: ActorCall, chain: string | undefined, ending: Abortable): Promise<RuntimeResponse> {
    const told = this.#deactivations.pending(call.type, call.id);
    if (told !== undefined) await told;
    const { query, body } = call;
    const path = `${pathOf(call.type, call.id)}/method/${call.method}`;
    const headers =
      chain === undefined ? call.headers : [...withoutHeader(call.headers, chainHeader), chainHeader, chain];
    const answer = await this.#options.app(new TurnRequest(path, query, headers, body, ending));
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
   * that is over, or `longestMs` are; waiting ones fail at once and are looked up anew. Resolves when nothing of them is
   * at work, though the app may not have been told of all.
   */
  async halt(
    types: ReadonlySet<string>,
    keeps: (type: string, id: string) => boolean,
    longestMs = longestDrainMs,
  ): Promise<void> {
    const halted = await Promise.all([...types].map((type) => this.#halt(type, keeps, longestMs)));
    await Promise.all(this.#commits);
    if (halted.includes(true)) await this.#deactivations.within(tellMs);
  }

  /** True where there were any. */
  async #halt(
    type: string,
    keeps: (type: string, id: string) => boolean,
    longestMs: number,
  ): Promise<boolean> {
    const { platform } = this.#options;
    const number = this.#names.indexOf(type);
    if (number === -1) return false;
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
    // One that was idle may be let go of meanwhile, and its number be another one's.
    const still = () => new Map([...halted].filter(([actor, id]) => directory.find(number, id) === actor));
    const reason = (id: string) => new NotOwnedError(type, id);
    this.#turns.cut(halted, "waiting", reason);
    const drainMs = drainsCalls ? Math.min(drainTimeoutMs, longestMs) : 0;
    const late = () => new Error("calls were under way for too long");
    const ended = this.#turns.ended([...halted.keys()]);
    await withTimeout(platform.clock, drainMs, ended, late).catch(async () => {
      this.#turns.cut(still(), "all", reason);
      await this.#turns.ended([...still().keys()]);
    });
    for (const [actor, id] of still()) {
      // What it has left is that the app is just being told of it.
      if (directory.waiting(actor) > 0) continue;
      directory.remove(actor);
      this.#options.deactivated(type, id);
      this.#options.meter?.rebalanced(type);
      this.#deactivations.add(type, id);
    }
    return halted.size > 0;
  }

  /** Removes an actor in a turn of its own, so that no call comes between. */
  async #letGo(type: string, id: string, actor: number): Promise<void> {
    const directory = this.#directory;
    const number = directory.typeOf(actor);
    const turn = this.#turns.enter(number, id, undefined, 1);
    if (turn === "too-deep") return;
    const tell = () => {
      this.#options.deactivated(type, id);
      return this.#deactivations.tell(type, id);
    };
    try {
      await turn.run(undefined, tell, false);
    } catch (error) {
      // It was halted meanwhile, which lets go of it, too.
      if (error instanceof NotOwnedError) return;
      throw error;
    }
    const again = directory.find(number, id);
    // Who waited meanwhile has activated it anew.
    if (again !== -1 && directory.waiting(again) === 0) directory.remove(again);
  }

  async #deactivateIdle(actors: readonly number[]): Promise<void> {
    const directory = this.#directory;
    const letGo = (actor: number) =>
      this.#letGo(this.#names[directory.typeOf(actor)] as string, directory.id(actor), actor);
    await Promise.all(actors.map(letGo));
  }

  /** Once all is halted. */
  async stop(): Promise<void> {
    this.#idle.stop();
    await this.#deactivations.within(tellMs);
  }
}
