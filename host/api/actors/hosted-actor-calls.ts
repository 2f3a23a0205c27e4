import { type ActorOperation, type Actors, actorHeader, moved } from "../../actors/actors.ts";
import { NotOwnedError } from "../../actors/hosted-actors.ts";
import type { LocalActors } from "../../actors/local-actors.ts";
import type { PlacementState } from "../../actors/placement/placement-state.ts";
import {
  BodyTooLargeError,
  header,
  noContent,
  type RuntimeRequest,
  type RuntimeResponse,
  withChanges,
} from "../../http.ts";
import type { Call } from "../endpoint.ts";
import { checkNames } from "./actor-name.ts";
import { calledBy, callMethod, methodFailure } from "./method.ts";
import { answerReminder } from "./reminder.ts";
import { getActorState, transactActorState } from "./state.ts";
import { answerTimer } from "./timer.ts";
import {
  ownerFailure,
  readWhole,
  tooLarge,
  underActorPolicy,
  type WholeRequest,
} from "./under-actor-policy.ts";

/** The API's calls of actors on a sidecar whose actors live in its own process. */
export class HostedActorCalls implements Actors {
  readonly #actors: LocalActors;
  readonly #isDoor: boolean;

  constructor(actors: LocalActors, isDoor = false) {
    this.#actors = actors;
    this.#isDoor = isDoor;
  }

  get status() {
    return this.#actors.status;
  }

  deactivate(type: string, id: string): Promise<boolean> {
    return this.#actors.host.deactivate(type, id);
  }

  placement(request: RuntimeRequest): Promise<PlacementState> {
    return this.#actors.placement(request);
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#actors.start(signal);
  }

  componentsChanged(): Promise<void> {
    return this.#actors.componentsChanged();
  }

  close(): Promise<void> {
    return this.#actors.close();
  }

  async handle(operation: ActorOperation, call: Call): Promise<RuntimeResponse> {
    const { sidecar, params } = call;
    checkNames(operation, params);
    let request: WholeRequest;
    try {
      request = await readWhole(call.request, sidecar.maxBodySize);
    } catch (error) {
      if (!(error instanceof BodyTooLargeError)) throw error;
      return tooLarge(operation, error);
    }
    const version = header(request.headers, actorHeader);
    if (version !== undefined && !this.#isDoor && !(await this.#owned(params, Number(version), request)))
      return moved;
    if (operation === "state")
      return await getActorState(this.#actors.store, this.#actors.options.appId, params);
    if (operation === "transact") return await this.#transact(call, request);
    if (operation === "reminder" || operation === "timer")
      return await this.#schedule(operation, call, request);
    return await this.#invoke(call, request);
  }

  async receive(operation: ActorOperation, call: Call, version: number): Promise<RuntimeResponse> {
    const [type = ""] = call.params;
    checkNames(operation, call.params);
    const request = await readWhole(call.request, call.sidecar.maxBodySize);
    await this.#owned(call.params, version, request);
    if (operation === "reminder" && request.method === "GET") this.#actors.scheduling.reminders?.look(type);
    try {
      if (operation === "state")
        return await getActorState(this.#actors.store, this.#actors.options.appId, call.params);
      if (operation === "transact") return await this.#transact(call, request);
      if (operation === "reminder" || operation === "timer")
        return await this.#scheduled(operation, call, request);
      return await callMethod(this.#actors, call.params, request);
    } catch (error) {
      return error instanceof NotOwnedError ? moved : ownerFailure(operation, error);
    }
  }

  /** Whether the actor is owned here, as whoever has a table of that version believes. */
  async #owned(
    [type = "", id = ""]: Call["params"],
    version: number,
    { signal }: WholeRequest,
  ): Promise<boolean> {
    const { owners } = this.#actors;
    if (owners.owns(type, id)) return true;
    await owners.reach(version, signal);
    return owners.owns(type, id);
  }

  /**
   * Done by the owner, whose clock timers and reminders go by, and at once: a turn that registers one may be what a change
   * of owners waits for. Those of types that are not hosted here are refused, as in Dapr.
   */
  async #schedule(
    operation: "reminder" | "timer",
    call: Call,
    request: WholeRequest,
  ): Promise<RuntimeResponse> {
    const [type = "", id = ""] = call.params;
    const { owners, host } = this.#actors;
    const here = () => this.#scheduled(operation, call, request);
    const now = owners.now(type, id);
    const own = now === "later" ? owners.ready : now?.name === owners.name;
    const read = operation === "reminder" && request.method === "GET";
    if (!this.#isDoor && (own || read || !host.hosts(type))) {
      const answer = await here();
      if (now === "later" && operation === "reminder" && !read && host.hosts(type)) {
        void this.#point(type, id, request.path);
      }
      return answer;
    }
    try {
      return await this.#actors.atOwner(type, id, request, here);
    } catch (error) {
      const code = operation === "timer" ? "ERR_ACTOR_TIMER_CREATE" : "ERR_ACTOR_REMINDER_CREATE";
      return methodFailure(error, code);
    }
  }

  /** Whoever owns the actor once that is settled may have looked for reminders before this one was there. */
  async #point(type: string, id: string, path: string): Promise<void> {
    const asked = { method: "GET", path, query: "", headers: [], body: undefined };
    await this.#actors.atOwner(type, id, asked, async () => noContent).catch(() => undefined);
  }

  async #scheduled(
    operation: "reminder" | "timer",
    { params }: Call,
    { method, body = nothing }: WholeRequest,
  ): Promise<RuntimeResponse> {
    const { scheduling, host, options } = this.#actors;
    const hosted = host.hosts(params[0] ?? "");
    const { core } = options;
    if (operation === "timer") {
      return answerTimer({ core, timers: hosted ? scheduling.timers : undefined, method, body }, params);
    }
    const reminders = hosted ? scheduling.reminders : undefined;
    return await answerReminder({ core, reminders, method, body }, params);
  }

  #transact({ params, sidecar }: Call, { body = nothing }: WholeRequest): Promise<RuntimeResponse> {
    const takesTtl = !sidecar.strict || sidecar.resources.configuration.actorStateTTL === true;
    return transactActorState(this.#actors, params, body, takesTtl);
  }

  #invoke({ sidecar, params }: Call, given: WholeRequest): Promise<RuntimeResponse> {
    const [type = "", id = ""] = params;
    const request = withChanges(given, { headers: calledBy(given.headers, sidecar) }) as WholeRequest;
    return underActorPolicy(sidecar, type, id, request, (attempt) =>
      this.#actors.atOwner(type, id, attempt, () => callMethod(this.#actors, params, attempt)),
    );
  }
}

const nothing = new Uint8Array(0);
