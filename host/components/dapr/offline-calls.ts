import { ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import type { ComponentContext } from "../component.ts";
import type { OfflineQueue, OpenQueue, QueuedCall, QueueState, Refusal } from "./offline-queue.ts";
import { RemoteError } from "./remote-error.ts";
import type { RemoteAnswer, RemoteSidecar } from "./remote-sidecar.ts";
import { etagFault } from "./state-refusal.ts";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Whether an answer is final: an ETag that does not fit, or a call that no sidecar would take. Whatever may be mended (a
 * store that is down, a component that is missing, a token) is waited for, as what was acknowledged must not be lost.
 */
function isFinal(error: unknown): boolean {
  if (!(error instanceof RemoteError)) return false;
  if (etagFault(error) !== undefined) return true;
  return [400, 413].includes(error.status) && !/_NOT_(FOUND|CONFIGURED)$/.test(error.errorCode);
}

/** Whether there was no answer: the call may not have been heard, and is sent again under the same id. */
function isUnreached(error: unknown): boolean {
  if (error instanceof RemoteError) return false;
  return ["UNAVAILABLE", "DEADLINE_EXCEEDED"].includes(ComponentError.from(error).code);
}

export interface OfflineCall extends Omit<QueuedCall, "id"> {
  readonly requestId: string | undefined;
}

/**
 * Calls that are sent at once, and queued while the sidecar cannot be reached: then they are sent in order once it can.
 * A call that it refuses is given up, logged, and told by metadata.
 */
export class OfflineCalls {
  readonly #remote: RemoteSidecar;
  readonly #queue: OfflineQueue;
  readonly #context: ComponentContext;
  #state: QueueState = { waiting: 0, refused: [] };
  #waitMs = FIRST_WAIT_MS;
  /** Why what waits goes on waiting. */
  #cause: string | undefined;
  #cancel: (() => void) | undefined;
  #replaying: Promise<void> | undefined;
  #closed = false;

  private constructor(remote: RemoteSidecar, queue: OfflineQueue, context: ComponentContext) {
    this.#remote = remote;
    this.#queue = queue;
    this.#context = context;
  }

  /** By `offline` of the component's metadata; undefined where that asks for nothing. Throws a ComponentError. */
  static async open(
    offline: string | undefined,
    openQueue: OpenQueue | undefined,
    remote: RemoteSidecar,
    context: ComponentContext,
  ): Promise<OfflineCalls | undefined> {
    if (offline === undefined || offline === "") return undefined;
    const field = `component ${context.name}: metadata field offline`;
    if (offline !== "queue") throw new ComponentError("INVALID_ARGUMENT", `${field}: expected queue`);
    if (openQueue === undefined) {
      throw new ComponentError(
        "UNIMPLEMENTED",
        `${field}: only a page has a queue that outlives it; leave it out`,
      );
    }
    const calls = new OfflineCalls(remote, await openQueue(context), context);
    await calls.#refresh();
    if (calls.#state.waiting > 0) calls.#replay();
    return calls;
  }

  /** `offline`: how many calls are `waiting` and for what `cause`, and the latest that were `refused`, as JSON. */
  get facts(): ReadonlyMap<string, string> {
    const { waiting, refused } = this.#state;
    const cause = waiting === 0 ? undefined : this.#cause;
    return new Map([["offline", JSON.stringify({ waiting, cause, refused })]]);
  }

  get waiting(): number {
    return this.#state.waiting;
  }

  /** The sidecar has answered something else: what waits need not wait longer. */
  reached(): void {
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#replay();
  }

  /** The sidecar's answer, or undefined where the call was queued. Throws what the sidecar answers. */
  async send({ requestId, ...call }: OfflineCall): Promise<RemoteAnswer | undefined> {
    const queued: QueuedCall = { ...call, id: requestId ?? this.#context.platform.uuid() };
    await this.#refresh();
    // What waits comes first.
    if (this.#state.waiting === 0) {
      try {
        return await this.#attempt(queued);
      } catch (error) {
        if (!isUnreached(error)) throw error;
        this.#waits(error);
      }
    }
    await this.#queue.add(queued);
    await this.#refresh();
    this.#later();
    return undefined;
  }

  /** What waits to be written under a key; undefined where nothing does. */
  async latest(key: string): Promise<{ readonly value: Uint8Array | undefined } | undefined> {
    const call = await this.#queue.latest(key);
    return call && { value: call.writes.get(key)?.slice() };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#replaying;
    await this.#queue.close();
  }

  #attempt({ id, writes: _, ...call }: QueuedCall): Promise<RemoteAnswer> {
    return this.#remote.call({ ...call, requestId: id });
  }

  async #refresh(): Promise<void> {
    this.#state = await this.#queue.state();
  }

  #later(): void {
    if (this.#closed || this.#replaying !== undefined) return;
    this.#cancel ??= this.#context.platform.clock.after(this.#waitMs, () => this.#replay());
  }

  #replay(): void {
    this.#cancel = undefined;
    this.#replaying ??= this.#queue
      .replay((call) => this.#carryOut(call))
      .then(
        () => undefined,
        (error: unknown) => {
          this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
          this.#waits(error);
        },
      )
      .then(() => this.#refresh())
      .catch(() => undefined)
      .finally(() => {
        this.#replaying = undefined;
        if (this.#state.waiting > 0) this.#later();
      });
  }

  /** Said once for each cause, not at each attempt. */
  #waits(error: unknown): void {
    const cause = reasonOf(error);
    if (cause !== this.#cause) this.#context.log.warn("calls wait for the sidecar", { cause });
    this.#cause = cause;
  }

  async #carryOut(call: QueuedCall): Promise<Refusal | undefined> {
    try {
      await this.#attempt(call);
    } catch (error) {
      if (!isFinal(error)) throw error;
      const keys = [...call.writes.keys()];
      const cause = reasonOf(error);
      this.#context.log.error("a queued call was refused and is given up", { keys: keys.join(", "), cause });
      return { id: call.id, keys, cause, at: this.#context.platform.clock.now() };
    }
    this.#waitMs = FIRST_WAIT_MS;
    return undefined;
  }
}
