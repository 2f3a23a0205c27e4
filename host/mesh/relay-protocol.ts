/**
 * What a relay and its members say to each other: messages of a WebSocket, each one frame. A frame is binary: the
 * length of its head (4 bytes, big-endian), the head (JSON, one of {@link Frame}), and the body (the rest).
 *
 * A member opens with `hello` and is answered `welcome`, or `refused` with id 0 and a close. Requests that carry an
 * `id` are answered `done` or `refused` with the same id. Calls are numbered by who sends `invoke`; the relay numbers
 * the same call towards the callee with a negative number. A body is what comes with `invoke`, `request` or `answer`
 * and the `chunk`s that follow while `more` is true; its sender may be {@link window} bytes ahead of the `credit` that
 * its reader grants.
 */
export const version = 1;
/** The WebSocket subprotocol; a relay of another version does not accept it. */
export const subprotocol = "daprlet.relay.v1";

/** Bytes. */
export const maxHead = 64 << 10;
export const maxFrame = 8 << 20;
/** Bytes by which the relay's own frames may be larger: it passes on what it got, and adds who sent it. */
export const relaySlack = 8 << 10;
/** Bytes of a call's body that may be under way in one direction. */
export const window = 256 << 10;

/** Why a relay closes a socket. Reasons up to {@link lastFatal} are final; a member does not come back by itself. */
export const closeCodes = {
  protocol: 4400,
  token: 4401,
  identity: 4403,
  replaced: 4409,
  tooFast: 4429,
  tooSlow: 4430,
  silent: 4431,
} as const;
export const lastFatal = 4409;

interface Kinds {
  text: string;
  integer: number;
  flag: boolean;
  texts: readonly string[];
  /** `[name, value, …]` */
  pairs: readonly string[];
  /** `[instance, app id, namespace, …]` */
  members: readonly string[];
}
type Kind = keyof Kinds | `${keyof Kinds}?`;
type Value<K extends Kind> = K extends `${infer Base extends keyof Kinds}?`
  ? Kinds[Base] | undefined
  : K extends keyof Kinds
    ? Kinds[K]
    : never;

const shapes = {
  hello: { v: "integer", room: "text", token: "text?", appId: "text", namespace: "text", session: "text?" },
  welcome: { v: "integer", session: "text", resumed: "flag" },
  done: { id: "integer" },
  refused: { id: "integer", code: "text", message: "text" },

  /**
   * Makes the member callable under the name of its instance. By the same `secret` it takes the name over from a
   * connection before, whose end nobody may have noticed.
   */
  join: { id: "integer", instance: "text", secret: "text?" },
  leave: {},
  presence: { joined: "members", left: "texts" },

  /** `key` is the same when a publish is sent again. Metadata is `[name, value, …]`. */
  publish: { id: "integer", key: "text", topic: "text", type: "text?", metadata: "pairs" },
  subscribe: {
    id: "integer",
    subscription: "integer",
    topic: "text",
    consumer: "text",
    concurrency: "integer",
    redeliverMs: "integer",
    maxRedeliverMs: "integer",
  },
  /** Nothing is delivered after its `done`; what is under way may still be consumed. */
  unsubscribe: { id: "integer", subscription: "integer" },
  deliver: {
    delivery: "integer",
    subscription: "integer",
    topic: "text",
    type: "text?",
    metadata: "pairs",
    attempt: "integer",
  },
  consumed: { delivery: "integer" },
  rejected: { delivery: "integer" },

  invoke: {
    call: "integer",
    to: "text",
    method: "text",
    path: "text",
    query: "text",
    headers: "pairs",
    more: "flag",
  },
  /** An `invoke` as the callee gets it: who calls is what the relay knows of the caller. */
  request: {
    call: "integer",
    appId: "text",
    namespace: "text",
    /** The caller's token is bound to its app id: without, the caller's word stands for both names. */
    vouched: "flag?",
    address: "text?",
    method: "text",
    path: "text",
    query: "text",
    headers: "pairs",
    more: "flag",
  },
  answer: { call: "integer", status: "integer", headers: "pairs", more: "flag" },
  chunk: { call: "integer", more: "flag" },
  credit: { call: "integer", bytes: "integer" },
  /** From the caller: it has gone. From the callee: it reads no more of the request. */
  cancel: { call: "integer" },
  /** There is no answer, or no more of it. Kind: `unsent`, `sent`, `app`, `app-lost`. */
  fail: { call: "integer", kind: "text", message: "text" },

  /** Both ways: the body is a record of `host/actors/placement/placement-messages.ts`. */
  placement: {},

  ping: {},
  pong: {},
} as const satisfies Record<string, Record<string, Kind>>;

type Shapes = typeof shapes;
export type FrameType = keyof Shapes;
type OptionalKeys<S> = { [K in keyof S]: S[K] extends `${string}?` ? K : never }[keyof S];
export type FrameOf<T extends FrameType> = { readonly t: T } & {
  readonly [K in Exclude<keyof Shapes[T], OptionalKeys<Shapes[T]>>]: Shapes[T][K] extends Kind
    ? Value<Shapes[T][K]>
    : never;
} & {
  readonly [K in OptionalKeys<Shapes[T]>]?: Shapes[T][K] extends Kind ? Value<Shapes[T][K]> : never;
};
export type Frame = { [T in FrameType]: FrameOf<T> }[FrameType];

/** Bytes that are no frame of this protocol. The message says what is wrong, and nothing of what was in them. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FrameError";
  }
}

const isText = (value: unknown) => typeof value === "string";
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText);
const checks: { readonly [K in keyof Kinds]: (value: unknown) => boolean } = {
  text: isText,
  integer: Number.isSafeInteger,
  flag: (value) => typeof value === "boolean",
  texts: isTexts,
  pairs: (value) => isTexts(value) && (value as unknown[]).length % 2 === 0,
  members: (value) => isTexts(value) && (value as unknown[]).length % 3 === 0,
};

interface Check {
  readonly name: string;
  readonly optional: boolean;
  readonly holds: (value: unknown) => boolean;
}

const checksOf: ReadonlyMap<string, readonly Check[]> = new Map(
  Object.entries(shapes).map(([type, shape]) => [
    type,
    Object.entries(shape as Record<string, Kind>).map(([name, kind]) => ({
      name,
      optional: kind.endsWith("?"),
      holds: checks[kind.replace("?", "") as keyof Kinds],
    })),
  ]),
);

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const none = new Uint8Array(0);

/** Throws {@link FrameError} when head or frame are larger than the protocol allows, and `slack` bytes more. */
export function encodeFrame(frame: Frame, body: Uint8Array = none, slack = 0): Uint8Array {
  const head = encoder.encode(JSON.stringify(frame));
  if (head.byteLength > maxHead + slack) {
    throw new FrameError(`headers and names come to ${head.byteLength} bytes, and a frame takes ${maxHead}`);
  }
  const size = 4 + head.byteLength + body.byteLength;
  if (size > maxFrame + slack)
    throw new FrameError(`the message has ${size} bytes, and a frame takes ${maxFrame}`);
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, head.byteLength);
  bytes.set(head, 4);
  bytes.set(body, 4 + head.byteLength);
  return bytes;
}

/** The body is a view into `data`. Throws {@link FrameError}. */
export function decodeFrame(
  data: string | Uint8Array,
  slack = 0,
): { readonly frame: Frame; readonly body: Uint8Array } {
  if (typeof data === "string") throw new FrameError("expected a binary frame");
  if (data.byteLength < 4) throw new FrameError("a frame has at least 4 bytes");
  if (data.byteLength > maxFrame + slack) throw new FrameError(`a frame has at most ${maxFrame} bytes`);
  const size = new DataView(data.buffer, data.byteOffset).getUint32(0);
  if (size > maxHead + slack || size > data.byteLength - 4)
    throw new FrameError("the head's length is out of bounds");
  let frame: unknown;
  try {
    frame = JSON.parse(decoder.decode(data.subarray(4, 4 + size)));
  } catch {
    throw new FrameError("the head is not JSON in UTF-8");
  }
  if (typeof frame !== "object" || frame === null) throw new FrameError("the head is not an object");
  const { t } = frame as { t?: unknown };
  const fields = typeof t === "string" ? checksOf.get(t) : undefined;
  if (fields === undefined) throw new FrameError("the head is of an unknown type");
  for (const { name, optional, holds } of fields) {
    const value = Object.hasOwn(frame, name) ? (frame as Record<string, unknown>)[name] : undefined;
    if (value === undefined ? !optional : !holds(value)) {
      throw new FrameError(`${t}.${name} is missing or of the wrong type`);
    }
  }
  return { frame: frame as Frame, body: data.subarray(4 + size) };
}
