import { AppUnreachableError } from "../../host/channel/app-channel.ts";
import { reasonOf } from "../../host/errors/reason-of.ts";
import { type RuntimeRequest, readBody } from "../../host/http.ts";
import {
  type Instance,
  type Member,
  type Receiver,
  type Transport,
  UnavailableError,
} from "../../host/mesh/transport.ts";
import { type Clock, sleep } from "../../host/platform.ts";
import type { WireResponse } from "../messages.ts";
import { TabCall } from "./tab-call.ts";
import type { TabCallMessage, TabMessage } from "./tab-messages.ts";

/** How long a tab may take to say that it has begun a call. */
const TAKE_MS = 1000;
/** How long other tabs are waited for that have not said yet which apps they are. */
const WHO_MS = 120;

export interface TabTransportOptions {
  /** Of the BroadcastChannel: one for each scope. */
  readonly name: string;
  readonly clock: Clock;
  /** Undefined on insecure origins and refused to opaque ones; then a tab that dies is noticed by the next call to it only. */
  readonly locks: LockManager | undefined;
}

/**
 * The way between tabs that each run their own runtime: a BroadcastChannel. Requests are sent whole, answers as they
 * come.
 */
export class TabTransport implements Transport {
  readonly name = "tabs";
  readonly #options: TabTransportOptions;
  readonly #channel: BroadcastChannel;
  readonly #members = new Map<string, Member>();
  readonly #calls = new Map<number, TabCall>();
  /** What is being answered here, by caller and id. */
  readonly #answering = new Map<string, AbortController>();
  readonly #stop = new AbortController();
  #self: Member | undefined;
  #receive: Receiver | undefined;
  #next = 1;

  constructor(options: TabTransportOptions) {
    this.#options = options;
    this.#channel = new BroadcastChannel(options.name);
    this.#channel.onmessage = ({ data }) => this.#hear(data as TabMessage);
  }

  async join(member: Member, receive: Receiver): Promise<void> {
    this.#self = member;
    this.#receive = receive;
    const { locks } = this.#options;
    const { signal } = this.#stop;
    const end = new Promise<void>((ended) => signal.addEventListener("abort", () => ended(), { once: true }));
    // Held for as long as this tab lives, and before it is known: whoever gets the lock learns of its end.
    if (locks !== undefined) {
      await new Promise<void>((held) => {
        const hold = () => {
          held();
          return end;
        };
        // A document of an opaque origin is refused: it goes without.
        locks.request(this.#lock(member.instance), { signal }, hold).catch(() => held());
      });
    }
    this.#say({ type: "here", member });
    this.#say({ type: "who" });
  }

  async instances(appId: string, namespace: string): Promise<readonly Instance[]> {
    const known = () =>
      [...this.#members.values()].filter((m) => m.appId === appId && m.namespace === namespace);
    if (known().length === 0) {
      this.#say({ type: "who" });
      await sleep(this.#options.clock, WHO_MS);
    }
    return known().map((member) => ({
      id: member.instance,
      appId,
      namespace,
      invoke: (request) => this.#invoke(member, request),
    }));
  }

  suspect(instance: Instance): void {
    this.#members.delete(instance.id);
  }

  async close(): Promise<void> {
    if (this.#self !== undefined) this.#say({ type: "gone", member: this.#self });
    this.#stop.abort();
    for (const call of [...this.#calls.values()]) call.lose("this page leaves");
    this.#self = undefined;
    this.#channel.close();
  }

  #lock(instance: string): string {
    return `${this.#options.name}:${instance}`;
  }

  #say(message: TabMessage): void {
    if (this.#self !== undefined) this.#channel.postMessage(message);
  }

  #hear(message: TabMessage): void {
    const self = this.#self;
    if (self === undefined) return;
    if (message.type === "who") this.#say({ type: "here", member: self });
    else if (message.type === "here") this.#meet(message.member);
    else if (message.type === "gone") this.#lose(message.member);
    else if (message.to !== self.instance) return;
    else if (message.type === "call") void this.#answer(message);
    else if (message.type === "enough") this.#answering.get(`${message.from} ${message.id}`)?.abort();
    else this.#calls.get(message.id)?.hear(message);
  }

  #meet(member: Member): void {
    const { instance } = member;
    if (this.#members.has(instance)) return;
    this.#members.set(instance, member);
    const { signal } = this.#stop;
    void this.#options.locks
      ?.request(this.#lock(instance), { mode: "shared", signal }, () => this.#lose(member))
      .catch(() => undefined);
  }

  #lose({ instance, appId }: Member): void {
    this.#members.delete(instance);
    for (const call of [...this.#calls.values()]) {
      if (call.to === instance) call.lose(`the tab of ${appId} was closed during the call`);
    }
  }

  async #answer({ from, id, request, expires }: TabCallMessage): Promise<void> {
    const to = from.instance;
    // The caller has gone elsewhere with what was not begun in time.
    if (this.#receive === undefined || this.#options.clock.now() > expires) return;
    this.#say({ type: "taken", to, id });
    const abort = new AbortController();
    const key = `${to} ${id}`;
    this.#answering.set(key, abort);
    try {
      const response = await this.#receive({ ...request, signal: abort.signal }, from);
      const { body } = response;
      if (!(body instanceof ReadableStream)) {
        this.#say({
          type: "answer",
          to,
          id,
          response: { ...response, body: body?.slice() },
          streamed: false,
        });
        return;
      }
      this.#say({ type: "answer", to, id, response: { ...response, body: undefined }, streamed: true });
      await this.#stream(body, to, id, abort.signal);
    } catch (error) {
      const sent = error instanceof AppUnreachableError ? error.sent : true;
      const cause = reasonOf(error);
      this.#say({ type: "failed", to, id, cause, sent });
    } finally {
      this.#answering.delete(key);
    }
  }

  async #stream(
    body: ReadableStream<Uint8Array>,
    to: string,
    id: number,
    signal: AbortSignal,
  ): Promise<void> {
    const reader = body.getReader();
    signal.addEventListener("abort", () => void reader.cancel(signal.reason).catch(() => undefined), {
      once: true,
    });
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      this.#say({ type: "part", to, id, bytes: done ? undefined : value.slice() });
      if (done) return;
    }
  }

  async #invoke(member: Member, request: RuntimeRequest): Promise<WireResponse> {
    const from = this.#self;
    if (from === undefined) throw new UnavailableError("this page has not joined", { sent: false });
    const { clock } = this.#options;
    const { method, path, query, headers, signal } = request;
    const body = request.body === undefined ? undefined : (await readBody(request.body)).slice();
    const to = member.instance;
    const id = this.#next++;
    const enough = () => this.#say({ type: "enough", to, from: from.instance, id });
    const call = new TabCall(to, 2 * TAKE_MS, clock, signal, enough, () => this.#calls.delete(id));
    this.#calls.set(id, call);
    const expires = clock.now() + TAKE_MS;
    this.#say({ type: "call", to, from, id, request: { method, path, query, headers, body }, expires });
    return await call.answer;
  }
}
