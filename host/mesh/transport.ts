import type { RuntimeRequest, RuntimeResponse } from "../http.ts";

/** Who sends a request between instances. Filled in by the transport from what it has verified, never from a header. */
export interface Peer {
  readonly appId: string;
  readonly namespace: string;
  /** Of its Configuration; `public` when left out. */
  readonly trustDomain?: string | undefined;
  /** True where the transport takes the sender's word for who it is: access control then knows nobody. */
  readonly claimed?: boolean | undefined;
  /** The sender's network address, where the transport sees one. */
  readonly address?: string | undefined;
}

/** This runtime, as it makes itself known. */
export interface Member extends Peer {
  /** Unique in the world; the same on every transport, so that an instance reached by two ways counts once. */
  readonly instance: string;
  /** Known to nobody else. An instance that outlives its runtime has one, and by it takes its name over from a life before. */
  readonly secret?: string | undefined;
}

/** One running copy of an app with its runtime, as a transport sees it. */
export interface Instance {
  /** {@link Member.instance} of that runtime. */
  readonly id: string;
  readonly appId: string;
  readonly namespace: string;
  /**
   * Sends a request to this instance's app. Throws {@link UnavailableError} when the instance cannot be reached and
   * AppUnreachableError when it can and its app cannot; every status the app answers is an answer. A request whose
   * body is a stream is never sent twice.
   */
  invoke(request: RuntimeRequest): Promise<RuntimeResponse>;
}

/** The instance cannot be reached. */
export class UnavailableError extends Error {
  /** True when the request may have reached the app: then only what may be repeated is retried. */
  readonly sent: boolean;
  constructor(message: string, options: { cause?: unknown; sent: boolean }) {
    super(message, options);
    this.name = "UnavailableError";
    this.sent = options.sent;
  }
}

/** What a transport calls when another instance addresses this one. */
export type Receiver = (request: RuntimeRequest, caller: Peer) => Promise<RuntimeResponse>;

/** One way to the other instances: within an origin, on one machine, through a relay. */
export interface Transport {
  /** For messages and metadata: `machine`, `origin`, `relay ws://…`. */
  readonly name: string;
  /** Makes this runtime known and starts to receive. Resolves when others can find it. */
  join(self: Member, receive: Receiver): Promise<void>;
  /** The live instances of an app other than this one, as known now. Bounded by a short wait at most. */
  instances(appId: string, namespace: string): Promise<readonly Instance[]>;
  /** Forgets an instance that did not answer, until it shows up again. */
  suspect(instance: Instance): void;
  close(): Promise<void>;
}
