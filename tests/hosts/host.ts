/** What a request of the suites may carry; `path` goes on the wire as it is where the host can (`verbatim`). */
export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array;
  /** The body goes out as a stream of unknown length, in two halves with a pause between them. */
  readonly streamed?: boolean;
  /** Milliseconds; 15 s when left out. */
  readonly timeout?: number;
}

/** A host's answer, read to its end. */
export class Answer {
  constructor(
    readonly status: number,
    /** Names lower-cased, in the order they came. */
    readonly fields: readonly (readonly [string, string])[],
    readonly bytes: Uint8Array,
    /** Milliseconds between the first bytes of the body and its end. */
    readonly spread = 0,
  ) {}

  header(name: string): string | undefined {
    return this.fields.find(([key]) => key === name)?.[1];
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  get json(): unknown {
    return JSON.parse(this.text);
  }

  /** `errorCode` of an error body; the text itself where the body is no JSON. */
  get errorCode(): string | undefined {
    try {
      return (this.json as { errorCode?: string }).errorCode;
    } catch {
      return this.text;
    }
  }

  get message(): string | undefined {
    return (this.json as { message?: string }).message;
  }
}

export type Fetch = (path: string, options?: RequestOptions) => Promise<Answer>;

/** One sidecar with the test app of `tests/api/app.ts` behind it. */
export interface Sidecar {
  readonly appId: string;
  readonly fetch: Fetch;
}

/** A running host with two apps that can reach each other: itself and `peer`. */
export interface Host extends Sidecar {
  readonly peer: Sidecar;
  /** Ends the sidecar without warning (the process, the worker) and starts it again. Its app and its data stay. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Changes one setting of `settings` as others do; null deletes it. Undefined: by daprlet's own endpoint. */
  change?(key: string, value: string | null): Promise<void>;
  /** Resolves once a subscription to that key, or to all, is in effect. Undefined: it is when it is answered. */
  listening?(key: string | undefined): Promise<void>;
}

/**
 * verbatim: paths arrive as written (a page's `fetch` resolves `..` and `//` first). headers: any header can be sent
 * (a page forbids some, and keeps traces to its origin). persistent: `statestore` outlives restart(). durableEvents: so do the
 * events of `messagebus`. eventTtl: `messagebus` drops expired events itself. chunks: another app's answer arrives while it
 * is being produced (the own app's does everywhere). redirects: a 3xx reaches the
 * caller (a browser's fetch follows it or hides it). configurable: start() honours its options. appToken: the app is called with APP_API_TOKEN. processes: the sidecar is a process with a port of its own. locks: it has a lock store. settings: it has a configuration store.
 * actors: it hosts the actors of an app. placement: other sidecars find them. reminders: they have reminders. files: it has `bindings.localstorage`. trace: it can send TRACE. unsized: a body may come without its length. sidecar: it is one, with an app of its own and all blocks; a gateway leaves
 * some to sidecars. folder: `statestore` is in a gateway's folder. hangups: a caller's going away is heard of while it waits. wildcards: `messagebus` knows topics such as `orders/*`.
 */
export type Feature =
  | "verbatim"
  | "headers"
  | "persistent"
  | "durableEvents"
  | "eventTtl"
  | "chunks"
  | "redirects"
  | "configurable"
  | "appToken"
  | "processes"
  | "settings"
  | "locks"
  | "actors"
  | "placement"
  | "reminders"
  | "files"
  | "trace"
  | "unsized"
  | "sidecar"
  | "folder"
  | "hangups"
  | "wildcards";

export interface StartOptions {
  /** `DAPR_API_TOKEN` of the sidecars. */
  readonly apiToken?: string;
  /** `APP_API_TOKEN` of the sidecars. */
  readonly appApiToken?: string;
  /** False: no component at all. */
  readonly components?: boolean;
  /** Preview features of Dapr that the Configuration enables. */
  readonly features?: readonly string[];
}

export interface HostDefinition {
  readonly name: string;
  /** Which column of `differences.ts` holds. */
  readonly dialect: "daprd" | "daprlet" | "gateway";
  readonly features: ReadonlySet<Feature>;
  /** Undefined when it can run here, else one sentence that says what is missing and therefore left out. */
  readonly missing: string | undefined;
  /** True: under `CI=true` what is missing is a failure instead of being left out. */
  readonly required: boolean;
  start(options?: StartOptions): Promise<Host>;
}
