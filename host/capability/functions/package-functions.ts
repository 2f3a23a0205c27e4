import type { BindingHandler } from "../../components/bindings/binding.ts";
import { ApiError } from "../../errors/api-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import type { RuntimeResponse } from "../../http.ts";
import type { Verdict } from "../../subscriptions/verdict.ts";
import type { OfferRequest } from "../answer-offer.ts";
import { statusOf } from "../guest-answer.ts";
import type { LoadedPackage, PackageHost } from "../loaded-package.ts";
import { fieldOf, type MessageField } from "../message.ts";
import { answerOf, callFunction, type FoundFunction, findFunction, functionsOf } from "./function-calls.ts";
import { type Arrival, Join } from "./join.ts";
import {
  bindingOccasion,
  eventOccasion,
  joined,
  joinOccasion,
  type Occasion,
  requestOccasion,
  timerOccasion,
} from "./occasion.ts";
import { type TimedFunction, TimerTriggers } from "./timer-triggers.ts";
import { type TopicTrigger, TopicTriggers } from "./topic-triggers.ts";

/** What became of a call that nobody waits for, by its status: as of an app's answer to an event. */
function verdictOf(fields: readonly MessageField[]): Verdict {
  const status = statusOf(fields);
  if (status < 300) return "success";
  return status === 404 ? "drop" : "retry";
}

/** The functions of a sidecar's packages: called by their names, and by what triggers them. */
export class PackageFunctions {
  readonly #loaded: () => ReadonlyMap<string, LoadedPackage>;
  readonly #host: PackageHost;
  readonly #joins = new Map<string, Join>();
  #topics: TopicTriggers | undefined;
  #timers: TimerTriggers | undefined;

  constructor(loaded: () => ReadonlyMap<string, LoadedPackage>, host: PackageHost) {
    this.#loaded = loaded;
    this.#host = host;
  }

  /** Answers a call of the API. Throws an ApiError. */
  async invoke(request: OfferRequest, name: string): Promise<RuntimeResponse> {
    const found = findFunction(this.#loaded().values(), name);
    const occasion = requestOccasion(this.#host.platform.uuid(), request);
    const { prerequisites } = found.offer;
    if (prerequisites === undefined) return await answerOf(found, callFunction(found, occasion));
    const input = new URLSearchParams(request.query).get("input") ?? "";
    if (!prerequisites.inputs.includes(input)) {
      const cause = `function ${name} waits for ${prerequisites.inputs.join(", ")}: say which one it is by ?input=…`;
      throw new ApiError("ERR_CAPABILITY_REQUEST", { cause });
    }
    return await answerOf(found, this.#arrive(found, input, occasion));
  }

  /** The sidecar answers from now on. */
  start(): void {
    this.#topics = new TopicTriggers(this.#host.api, this.#host.platform);
    this.#timers = new TimerTriggers(this.#host.platform);
    this.become();
  }

  /** Follows what the packages that are loaded now want. */
  become(): void {
    if (this.#topics === undefined) return;
    const all = functionsOf(this.#loaded().values());
    this.#topics.become(all.flatMap((found) => this.#topicsOf(found)));
    this.#timers?.become(all.flatMap((found) => this.#timersOf(found)));
    const joins = new Set(all.flatMap((found) => this.#join(found) ?? []));
    for (const [key, join] of this.#joins) {
      if (joins.has(join)) continue;
      this.#joins.delete(key);
      join.close();
    }
    for (const join of joins) join.start();
  }

  /** The names of input bindings whose events call functions. */
  get bindings(): readonly string[] {
    const all = functionsOf(this.#loaded().values());
    return [...new Set(all.flatMap((found) => this.#bindingsOf(found).map(({ binding }) => binding)))];
  }

  /** Takes an event of a binding for all functions that are called by it; undefined: there are none. */
  takes(name: string): BindingHandler | undefined {
    if (!this.bindings.includes(name)) return undefined;
    return async (event) => {
      const calls = functionsOf(this.#loaded().values()).flatMap((found) =>
        this.#bindingsOf(found)
          .filter(({ binding }) => binding === name)
          .map(({ input }) => this.#delivered(found, bindingOccasion(this.#id, name, event), input)),
      );
      const answers = await Promise.all(calls);
      return answers.length === 1 ? answers[0] : undefined;
    };
  }

  async close(): Promise<void> {
    for (const join of this.#joins.values()) join.close();
    await Promise.all([this.#topics?.close(), this.#timers?.close()]);
  }

  get #id(): string {
    return this.#host.platform.uuid();
  }

  /** As it is by now: its package may be another one. */
  #current({ package: one, offer }: FoundFunction): FoundFunction | undefined {
    const now = this.#loaded().get(one.manifest.name);
    return now && functionsOf([now]).find((found) => found.offer.name === offer.name);
  }

  /** Undefined: it waits for nothing, or was not granted where it is kept. */
  #join({ package: one, offer }: FoundFunction): Join | undefined {
    const { prerequisites } = offer;
    const { name } = one.manifest;
    const { granted, limits } = one.authority;
    if (prerequisites === undefined) return undefined;
    const may = granted.state.some(
      ({ store, access, keys }) => store === prerequisites.store && access === "write" && keys === undefined,
    );
    if (!may) return undefined;
    const key = JSON.stringify([name, offer.name, prerequisites, limits.timeMs]);
    const known = this.#joins.get(key);
    if (known !== undefined) return known;
    const join = new Join({
      api: this.#host.api,
      platform: this.#host.platform,
      packageName: name,
      functionName: offer.name,
      prerequisites,
      timeMs: limits.timeMs,
      call: async (id, inputs, commit) => {
        const found = this.#current({ package: one, offer });
        if (found === undefined) throw new Error(`capability ${name} is not loaded any more`);
        return await callFunction(found, joinOccasion(id, inputs, commit));
      },
    });
    this.#joins.set(key, join);
    return join;
  }

  /** Records an input. Throws an ApiError below 500 for one that belongs nowhere. */
  async #arrive(found: FoundFunction, input: string, { data }: Occasion): Promise<Arrival> {
    const { prerequisites, name } = found.offer;
    const join = this.#join(found);
    if (join === undefined) {
      const cause = `state store ${prerequisites?.store}, where function ${name} keeps what it waits for, was not granted`;
      throw new ApiError("ERR_CAPABILITY_UNAVAILABLE", { name: found.package.manifest.name, cause });
    }
    let which: ReturnType<typeof joined>;
    try {
      which = joined(data, prerequisites?.by ?? "/id");
    } catch (error) {
      throw new ApiError("ERR_CAPABILITY_REQUEST", { cause: reasonOf(error) });
    }
    return await join.arrive(which.id, input, which.value);
  }

  /** What became of a call, or of an input, that nobody waits for. */
  async #settled(
    found: FoundFunction,
    occasion: Occasion,
    input: string | undefined,
  ): Promise<{ readonly verdict: Verdict; readonly body?: Uint8Array | undefined }> {
    const one = this.#current(found);
    if (one === undefined) return { verdict: "retry" };
    if (input === undefined) {
      const answer = await callFunction(one, occasion);
      return { verdict: verdictOf(answer), body: fieldOf(answer, ":body") };
    }
    try {
      // It is recorded: should the function fail, it is called again without this event.
      await this.#arrive(one, input, occasion);
      return { verdict: "success" };
    } catch (error) {
      if (!(error instanceof ApiError) || error.response.status >= 500) throw error;
      this.#warn(one, `an input is given up: ${reasonOf(error)}`);
      return { verdict: "drop" };
    }
  }

  /** Rejects where the event is to come again. */
  async #delivered(
    found: FoundFunction,
    occasion: Occasion,
    input?: string,
  ): Promise<Uint8Array | undefined> {
    const { verdict, body } = await this.#settled(found, occasion, input);
    if (verdict === "retry") throw new Error(`function ${found.offer.name} did not take it`);
    return body;
  }

  #warn({ offer }: FoundFunction, sentence: string): void {
    this.#host.platform.log.warn(`function ${offer.name}: ${sentence}`);
  }

  #topicsOf(found: FoundFunction): readonly TopicTrigger[] {
    const { package: one, offer } = found;
    const { granted, limits } = one.authority;
    return offer.topics
      .filter(({ pubsub, topic }) =>
        granted.subscribe.some((need) => need.pubsub === pubsub && need.topics.includes(topic)),
      )
      .map(({ pubsub, topic, input }) => ({
        consumer: `capability-${one.manifest.name}-${offer.name}`,
        pubsub,
        topic,
        concurrency: limits.concurrency,
        input,
        handle: async (event) => {
          try {
            return (await this.#settled(found, eventOccasion(event, this.#id), input)).verdict;
          } catch (error) {
            this.#warn(found, `an event will be delivered again: ${reasonOf(error)}`);
            return "retry";
          }
        },
      }));
  }

  #bindingsOf({ package: one, offer }: FoundFunction): FoundFunction["offer"]["bindings"] {
    return offer.bindings.filter(({ binding }) => one.authority.granted.bindings.includes(binding));
  }

  #timersOf(found: FoundFunction): readonly TimedFunction[] {
    const { package: one, offer } = found;
    if (!one.authority.granted.timers) return [];
    return offer.timers.map(({ name, schedule }) => ({
      key: JSON.stringify([one.manifest.name, offer.name, name, schedule]),
      what: `timer ${name} of function ${offer.name}`,
      schedule,
      handle: async () => await this.#delivered(found, timerOccasion(this.#id, name)),
    }));
  }
}
