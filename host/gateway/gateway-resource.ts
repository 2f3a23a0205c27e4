import type { Grant } from "../capability/grants.ts";

/** A text that is known when the gateway runs: the environment has it under this name. */
export interface EnvironmentText {
  readonly variable: string;
}

/** A header that is set on each request to an upstream. */
export interface HeaderSetting {
  /** In lower case. */
  readonly name: string;
  readonly value: string | EnvironmentText;
}

/** One place where an app or a site is reached. */
export interface UpstreamSetting {
  /** `http(s)://host`, perhaps with a path. */
  readonly url: string;
  /** `sidecar`: a Dapr sidecar or another gateway, which is asked by the app's id; `plain`: the app itself. */
  readonly protocol: "plain" | "sidecar";
  readonly transport: "sockets" | "outgoing";
  readonly token: EnvironmentText | undefined;
  readonly headers: readonly HeaderSetting[];
  readonly weight: number;
  readonly priority: number;
  readonly region: string;
}

/** An app by its id, or a site by its name. */
export interface TargetSetting {
  readonly id: string;
  readonly upstreams: readonly UpstreamSetting[];
  /** True: it is called with any namespace, too. */
  readonly anyNamespace?: boolean;
  /** Where it stands, for messages. */
  readonly at: string;
}

export interface LimitSettings {
  readonly bodySize: number;
  readonly headerSize: number;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly hops: number;
}

export interface ListenSettings {
  readonly address: string;
  readonly port: number;
}

/** A path of the gateway's own that leads to an app. */
export interface RouteSetting {
  /** Without a slash at its start and its end. */
  readonly path: string;
  readonly app: string;
  readonly strip: boolean;
  /** Where it stands, for messages. */
  readonly at: string;
}

/** Who hosts actors, and where their members are. */
export interface ActorSettings {
  readonly members: readonly {
    /** As placement has it: owners depend on it byte for byte. */
    readonly name: string;
    /** None where a table tells them. */
    readonly types: readonly string[];
    readonly upstream: UpstreamSetting;
  }[];
  /** A file in the folder, or whoever is asked; undefined: the members are all that there are. */
  readonly from: { readonly file: string } | UpstreamSetting | undefined;
  /** Of each member on the ring. */
  readonly points: number;
  readonly maxAgeMs: number;
  /** For sidecars whose place only a table tells. */
  readonly token: EnvironmentText | undefined;
}

/** A package of WebAssembly that is composed into the file. */
export interface PackageSetting {
  /** Its folder, from where the configuration is. */
  readonly path: string;
  /** As in `grants.yaml`; undefined: it may but compute. */
  readonly grant: Grant | undefined;
  /** Where it stands, for messages. */
  readonly at: string;
}

/** Who calls with a token of its own. */
export interface CallerSetting {
  readonly appId: string;
  /** BLAKE2b-512 of the token. */
  readonly digest: Uint8Array;
}

/** How many requests are let in. */
export interface RateSettings {
  readonly perSecond: number;
  readonly burst: number;
  /** Whose requests are counted together. */
  readonly by: "all" | "caller" | "header";
  /** In lower case; empty where callers are not told apart by one. */
  readonly header: string;
}

/** Who may come in. */
export interface DoorSettings {
  readonly apiToken: EnvironmentText | undefined;
  readonly callers: readonly CallerSetting[];
  /** Names beyond those of the machine that it is called by, in lower case; `*`: any. */
  readonly allowedHosts: readonly string[];
  /** Origins whose pages may call; `*`: any. */
  readonly allowedOrigins: readonly string[];
  readonly rate: RateSettings | undefined;
}

/** `kind: Gateway`, the project's own: what Dapr has no resource for. */
export interface GatewayResource {
  /** The gateway's app id. */
  readonly name: string;
  readonly namespace: string;
  readonly region: string;
  readonly listen: ListenSettings;
  /** What its state is kept in, on the machine that it runs on. */
  readonly folder: string;
  readonly door: DoorSettings;
  readonly limits: LimitSettings;
  /** True: answers tell how long the gateway and its upstream took. */
  readonly serverTiming: boolean;
  /** Whether `GET /metrics` is the gateway's own, and whether each instance tells its own numbers, or one those of all. */
  readonly metrics: "off" | "each" | "merged";
  readonly apps: readonly TargetSetting[];
  readonly sites: readonly TargetSetting[];
  readonly routes: readonly RouteSetting[];
  /** Undefined where the gateway has no part in actors. */
  readonly actors: ActorSettings | undefined;
  readonly packages: readonly PackageSetting[];
  readonly origin: string;
}

export const gatewayVersion = "daprlet/v1alpha1";
