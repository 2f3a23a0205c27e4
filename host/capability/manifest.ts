/** What a package says of itself (`capability.json`), validated. Defaults are filled in. */
export interface CapabilityManifest {
  /** A word of its own in paths and grants. */
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly modules: readonly ModuleEntry[];
  readonly offers: readonly Offer[];
  readonly needs: Needs;
  readonly limits: Limits;
}

/** Which of the ABIs a module speaks: our own, or http-wasm's. */
export const abiNames = ["capability", "http-wasm"] as const;
export type AbiName = (typeof abiNames)[number];

export interface ModuleEntry {
  readonly name: string;
  /** Inside of the package's folder. */
  readonly path: string;
  /** Of the file's bytes, in lower case. */
  readonly sha256: string;
  readonly abi: AbiName;
}

/** What a package is good for. */
export type Offer = HttpOffer | ComponentOffer | FunctionOffer | ActorOffer;

/** Where an offer is answered, in order of preference. */
export type Source =
  | { readonly kind: "module"; readonly module: string }
  /** The base URL that the description's paths are appended to, and how long it may take instead of a call's time. */
  | { readonly kind: "remote"; readonly url: string; readonly withinMs?: number }
  /** Another app, whose methods the description's paths are. */
  | { readonly kind: "app"; readonly app: string; readonly withinMs?: number }
  /** An image, and where its server listens within; refused by name where a host runs no containers. */
  | { readonly kind: "container"; readonly image: string; readonly port: number };

/** HTTP operations, described by OpenAPI 3. */
export interface HttpOffer {
  readonly kind: "http";
  /** `:offer` of the messages. */
  readonly name: string;
  /** The description itself, or the path of its file in the package. */
  readonly openapi: string | Readonly<Record<string, unknown>>;
  readonly sources: readonly Source[];
}

/** A type of Dapr components. */
export interface ComponentOffer {
  readonly kind: "component";
  /** As in a Component resource: `state.lru`. */
  readonly type: string;
  readonly version: "v1" | "v2";
  readonly module: string;
  /** ETAG, TTL, TRANSACTIONAL, BULK, OUTCOME and ACTOR of a state store, RESPONSE of a middleware. */
  readonly features: readonly string[];
  /** Of a binding. */
  readonly operations: readonly string[];
}

/** What is called by its name, or by what triggers it. */
export interface FunctionOffer {
  readonly kind: "function";
  readonly name: string;
  /** Of the package; undefined: `process` is run. */
  readonly module?: string;
  readonly process?: ProcessEntry;
  /** Whose events call it. */
  readonly topics: readonly TopicTrigger[];
  /** Input bindings whose events call it. */
  readonly bindings: readonly BindingTrigger[];
  readonly timers: readonly TimerTrigger[];
  readonly prerequisites?: Prerequisites;
}

export interface TopicTrigger {
  readonly pubsub: string;
  readonly topic: string;
  /** Which of the prerequisites its events are. */
  readonly input?: string;
}

export interface BindingTrigger {
  readonly binding: string;
  readonly input?: string;
}

export interface TimerTrigger {
  readonly name: string;
  /** As of `bindings.cron`. */
  readonly schedule: string;
}

/** A program of the machine, registered as the book registers functions. */
export interface ProcessEntry {
  readonly runtime: "bash";
  /** Its file, inside of the package. */
  readonly command: string;
  /** What stands before the id of a call, and before its input; undefined: it is not given. */
  readonly idSwitch?: string;
  readonly inputSwitch?: string;
  /** What its input has to be. */
  readonly inputType: "text" | "json";
}

/** Inputs that a function waits for: it is called once for those that belong together, when all of them are there. */
export interface Prerequisites {
  /** Of its package's own keys; it must have transactions. */
  readonly store: string;
  readonly inputs: readonly string[];
  /** A JSON pointer: inputs whose data have the same value there belong together. */
  readonly by: string;
  /** How long is kept what was never complete, and that it was done. */
  readonly keepSeconds: number;
}

export interface ActorOffer {
  readonly kind: "actor";
  readonly type: string;
  readonly module: string;
  /** How they are hosted, as an app says it to `GET /dapr/config`. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** All that a package asks for. What is not here it cannot be granted. */
export interface Needs {
  readonly state: readonly StateNeed[];
  readonly publish: readonly TopicsNeed[];
  /** Topics whose events call its functions. */
  readonly subscribe: readonly TopicsNeed[];
  /** Input bindings whose events do. */
  readonly bindings: readonly string[];
  /** Whether its functions' timers run. */
  readonly timers: boolean;
  /** Programs of the machine that it runs, by their files. Nothing confines them. */
  readonly processes: readonly string[];
  /** Images of containers that it runs on this machine. */
  readonly containers: readonly string[];
  readonly invoke: readonly InvokeNeed[];
  /** Types of actors that it is, and those that it calls. */
  readonly hosts: readonly string[];
  readonly actors: readonly string[];
  /** Origins, such as `https://api.example.com`. */
  readonly fetch: readonly string[];
  readonly clock: boolean;
  readonly random: boolean;
  /** A middleware of http-wasm: send requests that pass it to other paths, by other methods. */
  readonly rewrite: boolean;
}

export interface StateNeed {
  readonly store: string;
  readonly access: "read" | "write";
  /** Keys of the app that begin with this; undefined: the package's own keys only, which nobody else has. */
  readonly keys: string | undefined;
  /** Read before each call, and handed over with it as `:state.<key>`. */
  readonly prepared: readonly string[];
}

export interface TopicsNeed {
  readonly pubsub: string;
  readonly topics: readonly string[];
}

export interface InvokeNeed {
  readonly app: string;
  /** Undefined: any. */
  readonly methods: readonly string[] | undefined;
}

export interface Limits {
  /** Of a module's memory, in bytes. */
  readonly memory: number;
  /** How long a call may take, what it waits for included. */
  readonly timeMs: number;
  /** Calls at a time, each in an instance of its own. */
  readonly concurrency: number;
  /** What one call may ask of the host, in all. */
  readonly calls: number;
  /** Of one answer, in bytes. */
  readonly answer: number;
}

/** Where a manifest says nothing. */
export const defaultLimits: Limits = {
  memory: 16 << 20,
  timeMs: 1_000,
  concurrency: 2,
  calls: 100,
  answer: 4 << 20,
};

/** What no manifest may ask beyond, unless the user's grant does. */
export const highestLimits: Limits = {
  memory: 256 << 20,
  timeMs: 60_000,
  concurrency: 16,
  calls: 10_000,
  answer: 64 << 20,
};
