import { AppUnreachableError } from "../../host/channel/app-channel.ts";
import { readBody } from "../../host/http.ts";
import {
  type Instance,
  type Member,
  type Receiver,
  type Transport,
  UnavailableError,
} from "../../host/mesh/transport.ts";
import { type Clock, sleep } from "../../host/platform.ts";
import type { WireRequest, WireResponse } from "../messages.ts";

/** How long a tab may take to say that it has begun a call. */
const TAKE_MS = 1000;
/** How long other tabs are waited for that have not said yet which apps they are. */
const WHO_MS = 120;

type Message =
  | { readonly type: "who" }
  | { readonly type: "here"; readonly member: Member }
  | { readonly type: "gone"; readonly member: Member }
  | {
      readonly type: "call";
      readonly to: string;
      readonly from: Member;
      readonly id: number;
      readonly request: WireRequest;
      /** Milliseconds since the epoch after which it must not be begun. */
      readonly expires: number;
    }
  | { readonly type: "taken"; readonly to: string; readonly id: number }
  | { readonly type: "answer"; readonly to: string; readonly id: number; readonly response: WireResponse }
  | {
      readonly type: "failed";
      readonly to: string;
      readonly id: number;
      readonly cause: string;
      readonly sent: boolean;
    };

interface Call {
  readonly to: string;
  readonly resolve: (response: WireResponse) => void;
  readonly reject: (error: Error) => void;
  readonly taken: () => void;
}

export interface TabTransportOptions {
  /** Of the BroadcastChannel: one for each scope. */
  readonly name: string;
  readonly clock: Clock;
  /** Undefined on insecure origins; then a tab that dies is noticed by the next call to it only. */
  readonly locks: LockManager | undefined;
}

/** The way between tabs that each run their own runtime: a BroadcastChannel. Bodies are sent whole. */
export class TabTransport implements Transport {
  readonly name = "tabs";
  readonly #options: TabTransportOptions;
  readonly #channel: BroadcastChannel;
  readonly #members = new Map<string, Member>();
  readonly #calls = new Map<number, Call>();
  readonly #stop = new AbortController();
  #self: Member | undefined;
  #receive: Receiver | undefined;
  #next = 1;

  constructor(options: TabTransportOptions) {
    this.#options = options;
    this.#channel = new BroadcastChannel(options.name);
    this.#channel.onmessage = ({ data }) => this.#hear(data as Message);
  }

  async join(member: Member, receive: Receiver): Promise<void> {
    this.#self = member;
    this.#receive = receive;
    const { locks } = this.#options;
    const { signal } = this.#stop;
    const end = new Promise<void>((ended) => signal.addEventListener("abort", () => ended(), { once: true }));
    // Held for as long as this tab lives, and before it is known: whoever gets the lock learns of its end.
    if (locks !== undefined) {
      await new Promise<void>((held, failed) => {
        const hold = () => {
          held();
          return end;
        };
        locks.request(this.#lock(member.instance), { signal }, hold).catch(failed);
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
    this.#channel.close();
    for (const { reject } of this.#calls.values())
      reject(new UnavailableError("this page closes", { sent: true }));
    this.#calls.clear();
  }

  #lock(instance: string): string {
    return `${this.#options.name}:${instance}`;
  }

  #say(message: Message): void {
    this.#channel.postMessage(message);
  }

  #hear(message: Message): void {
    const self = this.#self;
    if (self === undefined) return;
    switch (message.type) {
      case "who":
        this.#say({ type: "here", member: self });
        return;
      case "here":
        this.#meet(message.member);
        return;
      case "gone":
        this.#lose(message.member);
        return;
    }
    if (message.to !== self.instance) return;
    if (message.type === "call") {
      void this.#answer(message);
      return;
    }
    const call = this.#calls.get(message.id);
    if (call === undefined) return;
    if (message.type === "taken") call.taken();
    else if (message.type === "answer") call.resolve(message.response);
    else call.reject(new AppUnreachableError(message.cause, { sent: message.sent }));
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
    for (const { to, reject } of this.#calls.values()) {
      if (to === instance)
        reject(new UnavailableError(`the tab of ${appId} was closed during the call`, { sent: true }));
    }
  }

  async #answer({ from, id, request, expires }: Message & { type: "call" }): Promise<void> {
    const to = from.instance;
    // The caller has gone elsewhere with what was not begun in time.
    if (this.#receive === undefined || this.#options.clock.now() > expires) return;
    this.#say({ type: "taken", to, id });
    try {
      const response = await this.#receive({ ...request, signal: undefined }, from);
      const body = response.body === undefined ? undefined : await readBody(response.body);
      this.#say({ type: "answer", to, id, response: { ...response, body: body?.slice() } });
    } catch (error) {
      const sent = error instanceof AppUnreachableError ? error.sent : true;
      this.#say({
        type: "failed",
        to,
        id,
        cause: error instanceof Error ? error.message : String(error),
        sent,
      });
    }
  }

  async #invoke(member: Member, request: Parameters<Instance["invoke"]>[0]): Promise<WireResponse> {
    const from = this.#self;
    if (from === undefined) throw new UnavailableError("this page has not joined", { sent: false });
    const { clock } = this.#options;
    const { method, path, query, headers, signal } = request;
    const body = request.body === undefined ? undefined : (await readBody(request.body)).slice();
    const id = this.#next++;
    const over = new AbortController();
    try {
      return await new Promise<WireResponse>((resolve, reject) => {
        const cancel = clock.after(2 * TAKE_MS, () =>
          reject(new UnavailableError(`the tab of ${member.appId} is asleep or gone`, { sent: false })),
        );
        over.signal.addEventListener("abort", cancel);
        signal?.addEventListener("abort", () => reject(signal.reason), { signal: over.signal });
        this.#calls.set(id, { to: member.instance, resolve, reject, taken: cancel });
        const expires = clock.now() + TAKE_MS;
        const wire = { method, path, query, headers, body };
        this.#say({ type: "call", to: member.instance, from, id, request: wire, expires });
      });
    } finally {
      over.abort();
      this.#calls.delete(id);
    }
  }
}
