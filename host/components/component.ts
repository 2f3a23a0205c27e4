import type { Core } from "../core/core.ts";
import type { RuntimeRequest } from "../http.ts";
import type { RelayConnections } from "../mesh/relay-connection.ts";
import type { Log, Platform } from "../platform.ts";
import type { Decoded, MetadataSchema } from "./metadata-schema.ts";

/** A running Dapr component. Opened once, closed once; `close` lets what is under way finish. */
export interface Component {
  /** What metadata tell of it now, as `<fact>.<component>` in `extended`; never a stored value or a secret. */
  readonly facts?: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

/** What a component is given when it opens. */
export interface ComponentContext {
  /** `metadata.name` of the resource: the name in the API's paths. */
  readonly name: string;
  readonly appId: string;
  readonly namespace: string;
  readonly platform: Platform;
  /** The log, already scoped to this component. */
  readonly log: Log;
  readonly core: Core;
  /** Connections to relays, shared by all components and transports that name the same URL. */
  readonly relays: RelayConnections;
  /** The path of a request of the API in one form for all spellings of it; undefined for one that is none. */
  readonly destination?: (request: RuntimeRequest) => string | undefined;
  /** The component of this name and type that this one replaces, still at work: what lives in its memory may go on. */
  readonly predecessor?: Component | undefined;
}

/** What keeps a component's data: shown in metadata, so that nobody takes memory for a disk. */
export type Durability = "persistent" | "best-effort" | "memory";

/** Every family of components, in the order in which they open: the others may need secrets. */
export const families = [
  "secretstores",
  "state",
  "pubsub",
  "bindings",
  "configuration",
  "lock",
  "middleware",
  "exporters",
  "nameresolution",
] as const;

export type Family = (typeof families)[number];

/** One line of a registry: what the component is, the schema of its metadata, and how it opens. */
export interface Definition<C extends Component, M extends MetadataSchema = MetadataSchema> {
  /** As in a Dapr Component resource: `state.in-memory`. */
  readonly type: `${Family}.${string}`;
  readonly version: "v1" | "v2";
  /** One sentence for the docs table. */
  readonly summary: string;
  readonly metadata: M;
  /** Declared once: the compiler demands the methods, metadata reports them, the conformance suite selects by them. */
  readonly features: readonly string[];
  open(metadata: Decoded<M>, context: ComponentContext): Promise<C>;
}
