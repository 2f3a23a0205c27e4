import { bytes, f64, list, type RecordValue, record, text, u8, u16, u32 } from "./record-shape.ts";

/** Of a table that a gateway of this version reads. */
export const tableVersion = 1;

/** `dgwt` */
export const tableMagic = 0x74776764;

/** How an upstream is spoken to. */
export const protocols = { plain: 0, sidecar: 1 } as const;

export const schemes = { http: 0, https: 1 } as const;

/** Who carries the bytes: connections of the gateway's own, or the host's client. */
export const transports = { sockets: 0, outgoing: 1 } as const;

/** What access control says of callers that no policy is about. */
export const accesses = { off: 0, deny: 1, allow: 2 } as const;

/** Whose requests are counted together. */
export const rates = { off: 0, all: 1, caller: 2, header: 3 } as const;

/** How long is waited before what failed is tried again. */
export const retries = { off: 0, constant: 1, exponential: 2 } as const;

/** What a gateway tells of itself, and that it has something to do besides requests. */
export const flags = { serverTiming: 1, metrics: 2, spool: 4, merged: 8 } as const;

/** Where a parameter of an operation stands, and what its text has to be. */
export const parameterPlaces = { path: 0, query: 1, header: 2 } as const;
export const parameterTypes = { text: 0, number: 1, boolean: 2 } as const;

/** Who answers an operation: the package's own module, an API elsewhere, or an app. */
export const sources = { module: 0, remote: 1, app: 2 } as const;

/** Bits: the types that a value may have. */
export const valueTypes = {
  text: 1,
  integer: 2,
  number: 4,
  boolean: 8,
  nothing: 16,
  list: 32,
  object: 64,
} as const;

/** What one of the values is that a schema names. */
export const choices = { text: 0, number: 1, literal: 2 } as const;

/** Bits: the least, or the most, is not allowed itself. */
export const exclusions = { least: 1, most: 2 } as const;

/**
 * Bits: what a component that is a guest promises; a store, or a middleware that sees answers. A guest of http-wasm is a
 * handler, which may read bodies, and may be one that the user himself has named.
 */
export const guestFeatures = {
  response: 1,
  transactional: 2,
  bulk: 4,
  handler: 8,
  reads: 16,
  trusted: 32,
} as const;

/** Where the functions of a guest of http-wasm stand in the table of its adapter; what reads its memory stands as in the gateway's. */
export const handlerSlots = { request: 0, response: 1, start: 2, initialize: 4 } as const;

/** Bits: what the adapter of a guest of http-wasm has to know of it. */
export const handlerSettings = { starts: 1, initializes: 2, brief: 4, strict: 8 } as const;

/** Where a guest's functions stand in the gateway's table of functions, from the guest's first place on. */
export const guestSlots = {
  version: 0,
  allocate: 1,
  handle: 2,
  resume: 3,
  initialize: 4,
  read: 5,
  write: 6,
  pages: 7,
} as const;

/** The first guest's first place, the places of each guest, and guests at most. */
export const guestPlaces = { first: 1, each: 8, most: 16 } as const;

/** By the beginning of their names in the generated reader. */
export const constants = {
  SLOT: guestSlots,
  HANDLER: handlerSlots,
  SETTING: handlerSettings,
  GUESTS: guestPlaces,
  PLACE: parameterPlaces,
  SOURCE: sources,
  PARAMETER: parameterTypes,
  TYPE: valueTypes,
  CHOICE: choices,
  EXCLUDES: exclusions,
  FEATURE: guestFeatures,
  FLAG: flags,
  PROTOCOL: protocols,
  SCHEME: schemes,
  TRANSPORT: transports,
  ACCESS: accesses,
  RATE: rates,
  RETRY: retries,
};

/** In place of an index: there is none. */
export const none16 = 0xffff;

export const header = record("Header", "A header that is set on each request to an upstream.", {
  name: text("in lower case"),
  value: text(),
  secret: u16("index of the secret that is the value; NONE: `value` is"),
});

export const secret = record("Secret", "A text that the environment has when the gateway runs.", {
  variable: text("of the environment"),
});

export const name = record("Name", "One of a list of texts.", { text: text() });

export const caller = record("Caller", "Somebody who is known by a token.", {
  digest: bytes("64 bytes: BLAKE2b-512 of the token"),
  appId: text(),
  variables: text("before its own keys in the names of variables that are secrets"),
});

export const block = record("Block", "An operation of the API that is not to be called.", {
  version: text("the first segment of the paths that are meant; empty: all of the operation's"),
  operation: u16("as the core's router numbers them"),
});

export const upstream = record("Upstream", "One place where an app, or a site, is reached.", {
  host: text("without port and brackets"),
  authority: text("for the Host header: host, and port where it is not the scheme's"),
  address: bytes("4 or 16 bytes where the host is an address; empty: it is to be looked up"),
  path: text("before every path; empty, or with a slash at its start and none at its end"),
  region: text("empty: none"),
  headers: list(header),
  port: u16(),
  weight: u16("share of requests among those of the same priority; 0: only where all others are away"),
  token: u16("index of the secret that is sent as dapr-api-token; NONE: none is"),
  scheme: u8("HTTP or HTTPS"),
  protocol: u8("PLAIN: the app itself; SIDECAR: a Dapr sidecar or another gateway"),
  transport: u8("SOCKETS or OUTGOING"),
  priority: u8("the lowest is asked first, the next where those are away"),
});

export const code = record("Code", "Status codes from the first to the last.", { first: u16(), last: u16() });

export const term = record("Term", "A condition of a circuit breaker.", {
  relation: u32("counter, and the number of the relation << 8"),
  number: u32(),
});

export const policy = record("Policy", "What a Resiliency says of calls. Times are milliseconds.", {
  interval: f64("of a constant wait, and the longest of others"),
  longest: f64("after which nothing is tried again; 0: no time ends it"),
  breakerInterval: f64("after which counts begin anew while closed; 0: never"),
  breakerTimeout: f64("that it stays open"),
  codes: list(code, "that are tried again; none: all that are failures"),
  terms: list(term, "all of which open the breaker"),
  timeout: u32("of one attempt; 0: none"),
  retries: u32("2³² - 1: without end"),
  breakerRequests: u32("that pass while half-open; 0: there is no breaker"),
  retry: u8("OFF, CONSTANT or EXPONENTIAL"),
});

export const app = record("App", "An app by its id, or a site: a name after a dot that others answer for.", {
  id: text(),
  upstreams: list(upstream, "by priority"),
  policy: u16("index of what holds for its calls; NONE: nothing"),
  anyNamespace: u8("1: with a namespace, whichever, it is called as well, as HTTPEndpoints are"),
});

export const guestComponent = record("GuestComponent", "A component that a package's guest is.", {
  name: text(),
  type: text("as the package offers it"),
  settings: list(header, "its metadata"),
  guest: u16("index of the guest"),
  features: u8("bits: RESPONSE, TRANSACTIONAL, BULK"),
});

export const middleware = record("Middleware", "A step in front of the API.", {
  guests: list(guestComponent, "one, which it is"),
  onlyPaths: list(
    name,
    "that it is for, where it is LIMITED; `*` is any segment, `**` at the end all that follow",
  ),
  exceptPaths: list(name, "that it leaves alone"),
  limited: u8("1: it is for `onlyPaths` alone"),
});

export const store = record(
  "Store",
  "A state store in the folder that the host opens, one of a sidecar, or one that a guest is.",
  {
    name: text(),
    folder: text("of the store, in that folder"),
    component: text("its name at the sidecar"),
    prefix: text("before every key, separator included; empty: none"),
    guests: list(guestComponent, "one where it is a guest"),
    remote: u16("index of where that sidecar is; NONE: it is in the folder"),
    isApps: u8("1: the caller's app id stands between the prefix and its separator"),
  },
);

export const secretStore = record("SecretStore", "Variables of the environment as secrets, or a guest's.", {
  name: text(),
  guests: list(guestComponent, "one where it is a guest"),
  prefix: text("of the names of its variables"),
  allowedNames: list(name, "none: all but those that are denied"),
  deniedNames: list(name),
  open: u8("1: what is neither is allowed"),
});

export const pubsub = record("PubSub", "A pub/sub that another sidecar has.", {
  name: text(),
  component: text("its name there"),
  spoolBytes: u32("of events that are kept while that sidecar is away, at most"),
  spoolEvents: u32("as many at most; 0: none are kept"),
  remote: u16("index of where that sidecar is"),
});

export const placement = record("Placement", "Who hosts actors, and where that is asked for.", {
  baked: bytes("as `GET /placement/state` tells it; empty: it is read from the file, or asked for"),
  file: text("in the folder; empty: there is none"),
  members: list(app, "places of those that are named, sorted by name, as bytes"),
  points: u32("of each member on the ring"),
  maxAge: u32("milliseconds, after which it is asked for again"),
  source: u16("index among `remotes` of who is asked; NONE: nobody"),
  onward: u16("index among `remotes` of who passes calls on whose owner's place is not known; NONE: nobody"),
  token: u16("index of the secret that is sent to places which only a table tells; NONE: none is"),
});

export const route = record("Route", "A path of the configuration's own.", {
  path: text("without a slash at its start and its end; empty: all paths"),
  app: text("the app's id"),
  strip: u8("1: the path is left out of what the app is asked for"),
});

export const choice = record("Choice", "A value that is allowed.", {
  number: f64(),
  text: text("`true`, `false` or `null` where it is a LITERAL"),
  kind: u8("TEXT, NUMBER or LITERAL"),
});

export const member = record("Member", "A member of an object.", {
  name: text(),
  schema: u16("of its value; NONE: any"),
});

export const schemaPart = record("SchemaPart", "A schema that is combined with others.", {
  schema: u16("NONE: any"),
});

export const combination = record("Combination", "Of some schemas, how many a value has to be as.", {
  parts: list(schemaPart),
  fewest: u16(),
  largest: u16(),
});

export const schema = record("Schema", "What a value has to be.", {
  least: f64("of numbers; -Infinity: any"),
  most: f64(),
  choices: list(choice, "one of these; none: any"),
  members: list(member, "those first that must be there"),
  combinations: list(combination, "all of which hold"),
  shortest: u32("of characters"),
  longest: u32("2³² - 1: any"),
  fewest: u32("of what is counted"),
  largest: u32("2³² - 1: any number of them"),
  items: u16("schema of a list's; NONE: any"),
  others: u16("schema of members that are not named; NONE: any"),
  types: u8("bits"),
  excludes: u8("bits: LEAST, MOST"),
  counted: u8("LIST or OBJECT: its items, or its members; 0: nothing"),
  required: u8("members that must be there"),
});

export const parameter = record("Parameter", "What an operation takes beside its body.", {
  name: text("as the request has it"),
  field: text("as the guest is told it: in lower case"),
  schema: u16("of its value, or of the list of its values"),
  place: u8("PATH, QUERY or HEADER"),
  type: u8("what text is read as: TEXT, NUMBER or BOOLEAN; of its items, where it is a list"),
  isList: u8(),
  explodes: u8("1: a list comes as the same name again, not with commas"),
  isRequired: u8(),
});

export const segment = record("Segment", "A part of an operation's path.", {
  text: text("to be met"),
  takes: u8("1: it takes anything, and the text is a parameter's name"),
});

export const bodyType = record("BodyType", "Bodies that an operation takes.", {
  text: text("their media type in lower case, perhaps with a wildcard"),
  schema: u16("of its value; NONE: any"),
  isJson: u8("1: it has to be JSON"),
});

export const source = record("Source", "Who answers an operation.", {
  place: text("a base URL without a slash at its end, or an app's id"),
  withinMs: u32("that it may take; 0: as long as a call"),
  kind: u8("MODULE, REMOTE or APP"),
});

export const operation = record("Operation", "What a package answers.", {
  id: text(),
  offer: text(),
  method: text("in upper case"),
  segments: list(segment),
  parameters: list(parameter),
  types: list(bodyType, "none: it takes any"),
  sources: list(source, "in the order in which they are asked"),
  needsBody: u8(),
});

export const stateGrant = record("StateGrant", "Keys of a state store that a guest may have.", {
  store: text(),
  keys: text("of the app: those that begin so"),
  isOwn: u8("1: keys of the package's own instead"),
  writes: u8(),
});

export const preparedKey = record("PreparedKey", "A key that is read before a guest is called.", {
  store: text(),
  key: text("as the guest would name it"),
  field: text("by which the guest is told its value"),
});

export const topicGrant = record("TopicGrant", "A topic that a guest may publish.", {
  pubsub: text(),
  topic: text(),
});

export const appGrant = record("AppGrant", "What a guest may invoke.", {
  app: text(),
  method: text("without a slash at its start"),
  any: u8("1: any method instead"),
});

export const originGrant = record("OriginGrant", "Where a guest may fetch from.", {
  origin: text(),
  places: list(app, "one: how it is reached"),
});

export const guest = record("Guest", "A package whose guest is composed into the file.", {
  name: text(),
  operations: list(operation, "literal paths first"),
  functions: list(name, "that it answers"),
  schemas: list(schema, "of its operations, by number"),
  stores: list(stateGrant),
  preparedKeys: list(preparedKey),
  topics: list(topicGrant),
  apps: list(appGrant),
  origins: list(originGrant),
  answer: u32("bytes that it may answer"),
  memory: u32("bytes that its memory may have, and so all results of a call"),
  calls: u32("that one call may ask for, in all"),
  timeMs: u32("that a call may take"),
  resumes: u8("1: it exports cap_resume"),
  initializes: u8("1: it exports _initialize"),
});

export const table = record("Table", "The gateway's configuration; it stands at TABLE.", {
  magic: u32(),
  version: u32(),
  size: u32("bytes of all of it"),
  flags: u32("bits: SERVER_TIMING, METRICS, SPOOL, MERGED"),
  appId: text("the gateway's own name"),
  namespace: text(),
  region: text("of the gateway: upstreams in it come first among those of a priority; empty: none"),
  apps: list(app, "sorted by id, as bytes"),
  sites: list(app, "sorted by name, as bytes; `*` is whoever no other entry names"),
  secrets: list(secret),
  callers: list(caller, "sorted by digest"),
  hosts: list(name, "names that it is called by, in lower case"),
  origins: list(name, "whose pages may call"),
  blocks: list(block),
  trustDomain: text("of the gateway and its callers"),
  policies: bytes("as assembly/access/policies.ts draws them"),
  rateHeader: text("in lower case"),
  rate: f64("requests a second"),
  burst: f64("of requests at once"),
  rules: list(policy, "of Resiliency resources"),
  routes: list(route, "the longest first"),
  stores: list(store),
  secretStores: list(secretStore),
  remotes: list(app, "sidecars whose components are the gateway's, by the names of these"),
  pubsubs: list(pubsub),
  actors: list(placement, "one where the gateway finds the owners of actors, or none"),
  guests: list(guest, "in the order of their places in the table of functions"),
  middlewares: list(middleware, "in front of the API, the outermost first; 32 at most"),
  guestList: text("what `GET /v1.0/capabilities` answers"),
  told: text("what metadata tell of its resources: members of an object, a comma behind each"),
  folder: text("what the host is told to open, for whoever starts it; empty: nothing"),
  listenAddress: text("what the host is told to listen on; for whoever starts it"),
  maxBody: u32("bytes; 0: no limit"),
  maxHeaders: u32("bytes of all names and values; 0: no limit"),
  timeout: u32("milliseconds for one request; 0: none"),
  connectTimeout: u32("milliseconds"),
  listenPort: u16(),
  maxHops: u16("gateways that a request may have passed"),
  apiToken: u16("index of the secret that callers present as dapr-api-token; NONE: none"),
  anyAddress: u8("1: it is called by any address, too"),
  anyHost: u8("1: and by any name"),
  anyOrigin: u8("1: pages of any origin may call"),
  access: u8("OFF, or what holds for callers without a policy: DENY or ALLOW"),
  rateBy: u8("OFF, or whose requests are counted together: ALL, CALLER or HEADER"),
});

export type GatewayTable = Omit<RecordValue<typeof table>, "magic" | "version" | "size">;
export type UpstreamRow = RecordValue<typeof upstream>;
export type AppRow = RecordValue<typeof app>;
export type HeaderRow = RecordValue<typeof header>;
export type BlockRow = RecordValue<typeof block>;
export type PolicyRow = RecordValue<typeof policy>;
export type SecretStoreRow = RecordValue<typeof secretStore>;
export type RouteRow = RecordValue<typeof route>;
export type CallerRow = RecordValue<typeof caller>;
export type PlacementRow = RecordValue<typeof placement>;
export type PubSubRow = RecordValue<typeof pubsub>;
export type StoreRow = RecordValue<typeof store>;
export type GuestComponentRow = RecordValue<typeof guestComponent>;
export type MiddlewareRow = RecordValue<typeof middleware>;
export type GuestRow = RecordValue<typeof guest>;
export type BodyTypeRow = RecordValue<typeof bodyType>;
export type OperationRow = RecordValue<typeof operation>;
export type SchemaRow = RecordValue<typeof schema>;
export type ChoiceRow = RecordValue<typeof choice>;
export type CombinationRow = RecordValue<typeof combination>;
export type ParameterRow = RecordValue<typeof parameter>;
export type SecretRow = RecordValue<typeof secret>;
