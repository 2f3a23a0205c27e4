import { ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { sleep } from "../../platform.ts";
import type { ComponentContext } from "../component.ts";
import { backOffMs } from "../pubsub/back-off.ts";
import type { MessageHandler, SubscribeRequest, Subscription } from "../pubsub/event.ts";
import { rawPayload } from "../pubsub/raw-payload.ts";
import { EventVerdicts } from "./event-verdicts.ts";
import { type RemoteEvent, remoteEvent } from "./remote-event.ts";
import type { RemoteSidecar } from "./remote-sidecar.ts";
import { RemoteStream } from "./remote-stream.ts";

/** Between two attempts to have the stream, or a topic of it, again. */
const again = { initialMs: 500, maxMs: 30_000 };

interface Member {
  readonly request: SubscribeRequest;
  readonly handler: MessageHandler;
  /** Whether the other sidecar has taken it once: then it is asked for again on every later stream. */
  joined: boolean;
  readonly underWay: Set<Promise<unknown>>;
}

/**
 * Topics of a pub/sub of another sidecar: one stream carries the events of all (browsers have few connections to one
 * server), and comes again when it breaks. What was under way then is handed out once.
 */
export class RemoteTopics {
  readonly #remote: RemoteSidecar;
  readonly #context: ComponentContext;
  readonly #ackTimeoutMs: number;
  readonly #verdicts: EventVerdicts;
  readonly #members = new Map<string, Member>();
  /** The topics that are being left. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Event → whether its handler consumed it, while that runs. */
  readonly #running = new Map<string, Promise<boolean>>();
  #stream: Promise<RemoteStream> | undefined;
  /** Streams in a row that carried nothing to its end. */
  #failures = 0;
  /** Why the last one was ended from here. */
  #cause: string | undefined;
  readonly #closing = new AbortController();

  constructor(remote: RemoteSidecar, ackTimeoutMs: number, context: ComponentContext) {
    this.#remote = remote;
    this.#ackTimeoutMs = ackTimeoutMs;
    this.#context = context;
    this.#verdicts = new EventVerdicts(remote, context.platform.clock, (error) => {
      if (error === undefined) this.#failures = 0;
      // Some were late, or for a stream that has ended: their events come again in any case.
      else if (ComponentError.from(error).code !== "NOT_FOUND") this.#end(reasonOf(error));
    });
  }

  has(topic: string): boolean {
    return this.#members.has(topic);
  }

  /**
   * One for each topic at a time. Rejects where the sidecar cannot be reached or refuses; once it is subscribed it stays
   * so.
   */
  async subscribe(request: SubscribeRequest, handler: MessageHandler): Promise<Subscription> {
    const { topic } = request;
    const member: Member = { request, handler, joined: false, underWay: new Set() };
    this.#members.set(topic, member);
    try {
      await this.#leaving.get(topic);
      await this.#join(await this.#connected(), member);
    } catch (error) {
      if (this.#members.get(topic) === member) this.#members.delete(topic);
      this.#endIdle();
      throw error;
    }
    let closing: Promise<void> | undefined;
    return {
      close: () => {
        closing ??= this.#leave(member);
        return closing;
      },
    };
  }

  async close(): Promise<void> {
    this.#closing.abort(new ComponentError("UNAVAILABLE", `pub/sub ${this.#context.name} is closed`));
    await Promise.all([...this.#members.values()].map((member) => this.#leave(member)));
    this.#end("it is closed");
  }

  #end(cause: string): void {
    this.#cause = cause;
    void this.#stream?.then(
      (stream) => stream.end(),
      () => undefined,
    );
  }

  #connected(): Promise<RemoteStream> {
    this.#stream ??= this.#connect().catch((error) => {
      this.#stream = undefined;
      throw error;
    });
    return this.#stream;
  }

  async #connect(): Promise<RemoteStream> {
    const signal = this.#closing.signal;
    if (signal.aborted) throw signal.reason;
    const stream = await RemoteStream.open(this.#remote, this.#context, signal);
    void this.#read(stream);
    for (const member of this.#members.values()) if (member.joined) void this.#rejoin(stream, member);
    return stream;
  }

  async #read(stream: RemoteStream): Promise<void> {
    const { clock } = this.#context.platform;
    const since = clock.now();
    let cause: string | undefined;
    this.#cause = undefined;
    try {
      for await (const fields of stream.events()) {
        const event = remoteEvent(fields);
        if (event !== undefined) this.#take(event);
      }
    } catch (error) {
      cause = reasonOf(error);
    }
    stream.end();
    if (clock.now() - since > again.maxMs) this.#failures = 0;
    // A later one may be there already.
    if ((await this.#stream?.catch(() => undefined)) !== stream) return;
    await this.#lost(cause ?? this.#cause ?? "it ended");
  }

  async #lost(cause: string): Promise<void> {
    this.#stream = undefined;
    const { log, platform } = this.#context;
    for (let why = cause; this.#members.size > 0 && this.#stream === undefined; ) {
      if (this.#closing.signal.aborted) return;
      const fields = { cause: why };
      if (this.#failures++ === 0) log.debug("the stream of events is opened again", fields);
      else if (this.#failures === 2) log.warn("events wait with the other sidecar", fields);
      try {
        await sleep(platform.clock, backOffMs(again, this.#failures, platform), this.#closing.signal);
        await this.#connected();
        if (this.#failures > 1) log.info("events of the other sidecar come again");
        return;
      } catch (error) {
        why = reasonOf(error);
      }
    }
  }

  async #join(stream: RemoteStream, member: Member): Promise<void> {
    await stream.add(member.request, this.#ackTimeoutMs);
    member.joined = true;
  }

  /** As long as the stream lasts and nobody else has its topic. */
  async #rejoin(stream: RemoteStream, member: Member): Promise<void> {
    const { topic } = member.request;
    const { log, platform } = this.#context;
    for (let failures = 1; !stream.ended && this.#members.get(topic) === member; failures++) {
      try {
        return await this.#join(stream, member);
      } catch (error) {
        if (stream.ended) return;
        const fields = { topic, cause: reasonOf(error) };
        if (failures === 1) log.error("could not subscribe again; trying on", fields);
        const wait = backOffMs(again, failures, platform);
        await sleep(platform.clock, wait, this.#closing.signal).catch(() => undefined);
      }
    }
  }

  #take(delivered: RemoteEvent): void {
    const { id, subscription, event } = delivered;
    const member = this.#members.get(subscription);
    const outcome = this.#known(delivered) ?? this.#run(member, delivered);
    const settled = outcome.then((consumed) => {
      this.#verdicts.add({ id, status: consumed ? "SUCCESS" : "RETRY", event });
    });
    member?.underWay.add(settled);
    void settled.finally(() => member?.underWay.delete(settled));
  }

  /** What becomes, or became, of an event that comes again; one that comes for the first time is like no other. */
  #known({ event, attempt }: RemoteEvent): Promise<boolean> | undefined {
    if (attempt === 1) return undefined;
    return this.#verdicts.isConsumed(event) ? Promise.resolve(true) : this.#running.get(event);
  }

  #run(member: Member | undefined, { event, message }: RemoteEvent): Promise<boolean> {
    if (member === undefined) return Promise.resolve(false);
    const { handler, request } = member;
    const running = handler(message(rawPayload(request.metadata) === true))
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        if (this.#running.get(event) === running) this.#running.delete(event);
      });
    this.#running.set(event, running);
    return running;
  }

  async #leave(member: Member): Promise<void> {
    const { topic } = member.request;
    if (this.#members.get(topic) === member) {
      this.#members.delete(topic);
      const left = this.#remove(topic);
      this.#leaving.set(topic, left);
      await left;
      if (this.#leaving.get(topic) === left) this.#leaving.delete(topic);
    }
    await Promise.all(member.underWay);
    await this.#verdicts.told();
    this.#endIdle();
  }

  /** What fails here is given back when the stream ends. */
  async #remove(topic: string): Promise<void> {
    const stream = await this.#stream?.catch(() => undefined);
    if (stream !== undefined && !stream.ended) await stream.remove(topic).catch(() => stream.end());
  }

  /** A stream without a topic is of no use. */
  #endIdle(): void {
    if (this.#members.size > 0 || this.#running.size > 0) return;
    this.#end("no topic is left");
    this.#stream = undefined;
  }
}
