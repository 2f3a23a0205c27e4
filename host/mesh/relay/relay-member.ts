import { ComponentError } from "../../errors/component-error.ts";
import { type Platform, type Socket, sleep } from "../../platform.ts";
import { closeCodes, encodeFrame, type Frame, type FrameOf, relaySlack, version } from "../relay-protocol.ts";
import type { Peer } from "../transport.ts";
import { Rate } from "./rate.ts";
import type { RelayCall } from "./relay-calls.ts";
import type { RelayLimits } from "./relay-limits.ts";
import type { RelayEvent, RelaySubscription } from "./relay-log.ts";
import type { RelayRoom } from "./relay-room.ts";

interface Delivery {
  readonly frame: Uint8Array;
  settle(error?: Error): void;
}

/** How long events wait before they look at a full buffer again. Milliseconds. */
const bufferLookMs = 20;

/**
 * A member of a room, as the relay registered it. It outlives its socket for a moment: what was delivered and not yet
 * settled is held for it, and sent again when it comes back.
 */
export class RelayMember implements Peer {
  /** The name under which it is callable, once it has joined. */
  instance: string | undefined;
  /** By it the name may be taken over. */
  secret: string | undefined;
  /** By its own number for them; those where it is the callee are negative. */
  readonly calls = new Map<number, RelayCall>();
  readonly #frames: Rate;
  readonly #bytes: Rate;
  readonly #subscriptions = new Map<number, RelaySubscription>();
  readonly #deliveries = new Map<number, Delivery>();
  #socket: Socket | undefined;
  #deliveryCount = 0;
  #callCount = 0;
  #cancelGrace: (() => void) | undefined;
  #ended = false;

  constructor(
    /** The secret by which it comes back. */
    readonly session: string,
    readonly appId: string,
    readonly namespace: string,
    /** Whether its token is bound to its app id. */
    readonly vouched: boolean,
    public address: string | undefined,
    readonly room: RelayRoom,
    readonly platform: Platform,
    readonly limits: RelayLimits,
  ) {
    this.#frames = new Rate(platform.clock, limits.framesPerSecond);
    this.#bytes = new Rate(platform.clock, limits.bytesPerSecond);
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  /** A number for a call that it is to answer. */
  nextCall(): number {
    return -++this.#callCount;
  }

  /** Takes a socket, in place of one that may still be open. */
  attach(socket: Socket, resumed: boolean): void {
    this.#cancelGrace?.();
    this.#cancelGrace = undefined;
    if (this.#socket !== undefined) {
      this.room.calls.abandon(this);
      this.#socket.close(closeCodes.replaced, "the session came back on another connection");
    }
    this.#socket = socket;
    // Who is there comes first: a welcomed member knows whom it can call.
    this.room.tellPresence(this);
    this.send({ t: "welcome", v: version, session: this.session, resumed });
    if (this.instance !== undefined && !this.room.join(this, this.instance)) this.instance = undefined;
    for (const { frame } of this.#deliveries.values()) this.#write(frame);
  }

  /** The socket is gone. `clean`: it said so, and does not come back. */
  detach(socket: Socket, clean: boolean): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.room.leave(this);
    this.room.calls.abandon(this);
    if (clean) this.end();
    else this.#cancelGrace = this.platform.clock.after(this.limits.graceMs, () => this.end());
  }

  /** Others get what it had not consumed. */
  end(code = 1001, reason = "the relay ends"): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelGrace?.();
    this.room.forget(this);
    this.room.calls.abandon(this);
    for (const subscription of this.#subscriptions.values()) void subscription.leave();
    const lost = new Error("the subscriber's connection was lost");
    for (const delivery of [...this.#deliveries.values()]) delivery.settle(lost);
    this.#socket?.close(code, reason);
    this.#socket = undefined;
  }

  send(frame: Frame, body?: Uint8Array): void {
    this.#write(encodeFrame(frame, body, relaySlack));
  }

  #write(bytes: Uint8Array): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    if (socket.buffered > this.limits.buffer) {
      socket.close(closeCodes.tooSlow, "the member reads too slowly");
      return;
    }
    socket.send(bytes);
  }

  receive(frame: Frame, body: Uint8Array): void {
    const debt = Math.max(
      this.#frames.take(1) / this.limits.framesPerSecond,
      this.#bytes.take(body.byteLength) / this.limits.bytesPerSecond,
    );
    if (debt > 1) {
      this.#socket?.close(closeCodes.tooFast, "more than the relay takes from one member");
      return;
    }
    const { calls } = this.room;
    switch (frame.t) {
      case "publish":
        if (debt > 0)
          this.#refuse(
            frame.id,
            new ComponentError(
              "RESOURCE_EXHAUSTED",
              "the relay takes no more from this member now; publish more slowly",
            ),
          );
        else this.#answer(frame.id, this.#publish(frame, body));
        return;
      case "subscribe":
        this.#answer(frame.id, this.#subscribe(frame));
        return;
      case "unsubscribe":
        this.#unsubscribe(frame);
        return;
      case "consumed":
        this.#deliveries.get(frame.delivery)?.settle();
        return;
      case "rejected":
        this.#deliveries.get(frame.delivery)?.settle(new Error("the subscriber rejected the event"));
        return;
      case "join":
        this.#answer(frame.id, this.#join(frame));
        return;
      case "leave":
        this.room.leave(this);
        this.instance = undefined;
        return;
      case "invoke":
        calls.start(this, frame, body);
        return;
      case "answer":
        calls.answer(this, frame, body);
        return;
      case "chunk":
        calls.chunk(this, frame, body);
        return;
      case "credit":
        calls.credit(this, frame);
        return;
      case "cancel":
        calls.cancel(this, frame);
        return;
      case "fail":
        calls.fail(this, frame);
        return;
      case "placement":
        this.room.placement.receive(this, body);
        return;
      case "ping":
        this.send({ t: "pong" });
        return;
      case "pong":
        return;
      default:
        this.#socket?.close(closeCodes.protocol, `a member does not send ${frame.t}`);
    }
  }

  #answer(id: number, work: Promise<void>): void {
    work.then(
      () => this.send({ t: "done", id }),
      (error: unknown) => this.#refuse(id, ComponentError.from(error)),
    );
  }

  #refuse(id: number, { code, message }: ComponentError): void {
    this.send({ t: "refused", id, code, message });
  }

  async #join({ instance, secret }: FrameOf<"join">): Promise<void> {
    if (!/^[\w.:-]{1,64}$/.test(instance)) {
      throw new ComponentError(
        "INVALID_ARGUMENT",
        "an instance is named by up to 64 letters, digits and -_.:",
      );
    }
    this.secret = secret;
    if (!this.room.join(this, instance)) {
      throw new ComponentError("ALREADY_EXISTS", "the instance's name is taken in this room");
    }
    this.instance = instance;
  }

  async #publish({ topic, key, type, metadata }: FrameOf<"publish">, body: Uint8Array): Promise<void> {
    if (topic === "" || topic.length > 1024 || key === "" || key.length > 256) {
      throw new ComponentError(
        "INVALID_ARGUMENT",
        "a topic has 1 to 1024 characters, and the id of a request up to 250",
      );
    }
    // The body is a view into the socket's buffer, and the event may be kept for long.
    const event: RelayEvent = { type, metadata, data: body.slice() };
    // A key is the publisher's own: another app's must not make it look published.
    await this.room.log.publish(topic, `${this.namespace}/${this.appId}/${key}`, event);
  }

  async #subscribe(frame: FrameOf<"subscribe">): Promise<void> {
    const { subscription: number, topic, consumer, concurrency, redeliverMs, maxRedeliverMs } = frame;
    const valid =
      topic !== "" &&
      topic.length <= 1024 &&
      consumer.length <= 1024 &&
      concurrency >= 1 &&
      concurrency <= 1000 &&
      redeliverMs >= 10 &&
      maxRedeliverMs >= redeliverMs;
    // Sent again, because its answer was lost with the connection.
    if (this.#subscriptions.has(number)) return;
    if (!valid) {
      throw new ComponentError(
        "INVALID_ARGUMENT",
        "a subscription's topic, consumer, concurrency or interval is not valid",
      );
    }
    if (this.#subscriptions.size >= this.limits.subscriptionsPerMember) {
      throw new ComponentError(
        "RESOURCE_EXHAUSTED",
        `the relay takes at most ${this.limits.subscriptionsPerMember} subscriptions of one member`,
      );
    }
    const options = { concurrency, backOff: { initialMs: redeliverMs, maxMs: maxRedeliverMs } };
    // A consumer belongs to the app that is registered, whatever it is called.
    const group = `${this.namespace}/${this.appId}/${consumer}`;
    const subscription = await this.room.log.subscribe(topic, group, {
      options,
      deliver: (event, attempt) => this.#deliver(number, topic, event, attempt),
    });
    if (this.#ended) void subscription.leave();
    else this.#subscriptions.set(number, subscription);
  }

  #unsubscribe({ id, subscription: number }: FrameOf<"unsubscribe">): void {
    const subscription = this.#subscriptions.get(number);
    this.#subscriptions.delete(number);
    void subscription?.leave();
    this.send({ t: "done", id });
  }

  async #deliver(subscription: number, topic: string, event: RelayEvent, attempt: number): Promise<void> {
    while ((this.#socket?.buffered ?? 0) > this.limits.eventBuffer) {
      await sleep(this.platform.clock, bufferLookMs);
    }
    if (this.#ended) throw new Error("the subscriber's connection was lost");
    const delivery = ++this.#deliveryCount;
    const { type, metadata, data } = event;
    const head: FrameOf<"deliver"> = {
      t: "deliver",
      delivery,
      subscription,
      topic,
      metadata,
      attempt,
      ...(type === undefined ? {} : { type }),
    };
    const frame = encodeFrame(head, data, relaySlack);
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error) => {
        this.#deliveries.delete(delivery);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#deliveries.set(delivery, { frame, settle });
      this.#write(frame);
    });
  }
}
