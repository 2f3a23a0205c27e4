import type { RuntimeRequest } from "../../http.ts";
import { type Clock, withTimeout } from "../../platform.ts";
import type { CallExchange } from "../call-exchange.ts";
import type { Frame } from "../relay-protocol.ts";
import type { Instance, Member, Receiver, Transport } from "../transport.ts";
import type { RelayLink } from "./relay-link.ts";

/** How long a lookup waits for a connection that is being restored. Milliseconds. */
const restoringMs = 1_000;
/** How long one that did not answer is passed over. Milliseconds. */
const suspectedMs = 2_000;
/** How long calls under way may last once this member leaves. Milliseconds. */
const drainMs = 5_000;

/** The members of a room that can be called. Who is there is pushed by the relay: a lookup costs no round trip. */
export class RelayTransport implements Transport {
  readonly #present = new Map<string, Instance>();
  /** Until when it is passed over; one that has come anew is another one. */
  readonly #suspected = new WeakMap<Instance, number>();
  #self: Member | undefined;

  constructor(
    readonly name: string,
    readonly link: () => RelayLink,
    readonly exchange: CallExchange,
    readonly clock: Clock,
  ) {}

  /** Whether the relay is, or is just being, told who this is. */
  get joined(): boolean {
    return this.#self !== undefined;
  }

  async join(self: Member, receive: Receiver): Promise<void> {
    this.#self = self;
    this.exchange.receiver = receive;
    await this.#join(self);
  }

  #join({ instance, secret }: Member): Promise<void> {
    return this.link().request({ t: "join", instance, ...(secret !== undefined && { secret }) });
  }

  async instances(appId: string, namespace: string): Promise<readonly Instance[]> {
    const link = this.link();
    if (!link.connected) await link.ready(restoringMs).catch(() => undefined);
    const found: Instance[] = [];
    for (const instance of this.#present.values()) {
      if (
        instance.appId === appId &&
        instance.namespace === namespace &&
        instance.id !== this.#self?.instance &&
        (this.#suspected.get(instance) ?? 0) <= this.clock.now()
      ) {
        found.push(instance);
      }
    }
    return found;
  }

  /** For a while: the relay tells who has left, and not once more who is still there. */
  suspect(instance: Instance): void {
    this.#suspected.set(instance, this.clock.now() + suspectedMs);
  }

  presence({ joined, left }: Extract<Frame, { t: "presence" }>): void {
    for (const id of left) this.#present.delete(id);
    for (let i = 0; i < joined.length; i += 3) {
      const [id, appId, namespace] = joined.slice(i, i + 3) as [string, string, string];
      const instance: Instance = {
        id,
        appId,
        namespace,
        invoke: (request: RuntimeRequest) => this.exchange.invoke(instance, request),
      };
      this.#present.set(id, instance);
    }
  }

  /** Connected again; a relay that does not know this member any more is told anew. */
  welcomed(resumed: boolean): void {
    if (resumed || this.#self === undefined) return;
    this.#join(this.#self).catch(() => undefined);
  }

  lost(): void {
    this.#present.clear();
  }

  /** Takes no more calls; resolves when those under way are answered, or after some seconds. */
  async close(): Promise<void> {
    this.exchange.receiver = undefined;
    this.#self = undefined;
    this.link().send({ t: "leave" });
    const late = () => new Error("calls were under way for too long");
    await withTimeout(this.clock, drainMs, this.exchange.drained(), late).catch(() => undefined);
  }
}
