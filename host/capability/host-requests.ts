import { fieldValue } from "../header-field.ts";
import type { TurnActor } from "./actors/actor-calls.ts";
import { CallRefused } from "./call-refused.ts";
import type { Needs, StateNeed } from "./manifest.ts";
import { fieldOf, type MessageField, textOf } from "./message.ts";
import { isOwnKey, ownKey } from "./own-keys.ts";

/** A call as a request of the API. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: readonly string[];
  readonly body?: Uint8Array;
  /** What of the answer the guest is told besides its body: an item's ETag, or all headers; or what it is made of the body. */
  readonly tells?: "all" | ((body: Uint8Array) => readonly MessageField[]);
  /** Bytes of the answer; left out: as many as all results may have. */
  readonly most?: number;
}

type Call = readonly MessageField[];
/** What else a call may belong to. */
export interface CallSurroundings {
  /** An operation of the host's own, for a transaction. */
  readonly also?: object | undefined;
  readonly actor?: TurnActor | undefined;
}

export type Build = (
  call: Call,
  granted: Needs,
  packageName: string,
  surroundings?: CallSurroundings,
) => ApiCall;

const encoder = new TextEncoder();
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);

export function required(call: Call, name: string): string {
  const text = textOf(call, name);
  if (text === undefined || text === "") throw new CallRefused(400, `the call has no ${name}`);
  return text;
}

function refuse(what: string): never {
  throw new CallRefused(
    403,
    `${what} was not asked for in the package's manifest, or not granted by the user`,
  );
}

/** GET where none is given. */
export function methodOf(call: Call): string {
  const method = (textOf(call, ":method") || "GET").toUpperCase();
  if (!methods.has(method))
    throw new CallRefused(400, "the call has a :method that is not one of HTTP's usual ones");
  return method;
}

/** Dot segments would be resolved, and what is between slashes is one. */
export function segment(text: string, what: string): string {
  if (/^\.{0,2}$/.test(text)) throw new CallRefused(400, `${what} is no name`);
  return encodeURIComponent(text);
}

/** The full key, as far as the package may have it: of the app, where a grant has such keys, else its own. */
export function keyOf(
  call: Call,
  given: string,
  granted: Needs,
  packageName: string,
  access: StateNeed["access"],
): string {
  const store = required(call, "store");
  const may = granted.state.filter(
    (need) => need.store === store && (access === "read" || need.access === "write"),
  );
  if (may.some(({ keys }) => keys !== undefined && given.startsWith(keys)) && !isOwnKey(given)) return given;
  if (!may.some(({ keys }) => keys === undefined)) refuse(`to ${access} that key in state store ${store}`);
  return ownKey(packageName, given);
}

function concurrencyOf(call: Call): string | undefined {
  const concurrency = textOf(call, "concurrency");
  if (concurrency === undefined || concurrency === "first-write" || concurrency === "last-write")
    return concurrency;
  throw new CallRefused(400, "concurrency takes first-write or last-write");
}

function stateBody(call: Call, key: string): Record<string, unknown> {
  const etag = textOf(call, "etag");
  const ttl = textOf(call, "ttl");
  const concurrency = concurrencyOf(call);
  if (ttl !== undefined && !/^\d{1,10}$/.test(ttl)) throw new CallRefused(400, "ttl takes whole seconds");
  return {
    key,
    ...(etag !== undefined && { etag }),
    ...(concurrency !== undefined && { options: { concurrency } }),
    ...(ttl !== undefined && { metadata: { ttlInSeconds: ttl } }),
  };
}

/** The value of a call: JSON as it is; else text, as a JSON string. */
export function bodyOf(call: Call): string {
  const body = fieldOf(call, ":body") ?? new Uint8Array();
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new CallRefused(400, "a value of state is JSON or text: put bytes into base64");
  }
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}

function contentType(call: Call): readonly string[] {
  const type = textOf(call, "content-type");
  if (type === undefined) return [];
  const value = fieldValue(type);
  if (value === undefined) throw new CallRefused(400, "content-type is no value of a header");
  return ["content-type", value];
}

export function statePath(call: Call): string {
  return `/v1.0/state/${segment(required(call, "store"), "store")}`;
}

/** The operations of a transaction, each key as far as the package may write it. */
function transaction(call: Call, granted: Needs, packageName: string, also: object | undefined): string {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(fieldOf(call, ":body")));
  } catch {
    throw new CallRefused(400, "the :body of state.transaction is no JSON");
  }
  const { operations } = (body ?? {}) as { operations?: unknown };
  if (!Array.isArray(operations)) throw new CallRefused(400, "state.transaction has no list of operations");
  const asked = operations.map((one: { operation?: unknown; request?: { key?: unknown } } | null) => {
    const key = one?.request?.key;
    if (typeof key !== "string" || key === "")
      throw new CallRefused(400, "an operation of a transaction has no key");
    return {
      operation: one?.operation,
      request: { ...one?.request, key: keyOf(call, key, granted, packageName, "write") },
    };
  });
  return JSON.stringify({ operations: also === undefined ? asked : [...asked, also] });
}

/** A method's path without dot segments, controls and escapes of its own, each segment encoded here. */
function methodPath(method: string): string {
  const path = method.replace(/^\//, "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what it looks for
  if (/[\u0000-\u0020\u007f%#\\]/.test(path)) throw new CallRefused(400, "method is no plain path");
  return path
    .split("/")
    .map((part) => segment(part, "a segment of method"))
    .join("/");
}

/** Calls by their names; `state.scan`, those of actors and `fetch` are elsewhere. Each throws a CallRefused. */
export const apiCalls: ReadonlyMap<string, Build> = new Map<string, Build>([
  [
    "state.get",
    (call, granted, name) => {
      const key = keyOf(call, required(call, "key"), granted, name, "read");
      return { method: "GET", path: `${statePath(call)}/${segment(key, "key")}` };
    },
  ],
  [
    "state.set",
    (call, granted, name) => {
      const key = keyOf(call, required(call, "key"), granted, name, "write");
      // The value is put in as it is written: one that is parsed and written anew would not be the same.
      const item = JSON.stringify(stateBody(call, key)).slice(0, -1);
      const body = encoder.encode(`[${item},"value":${bodyOf(call)}}]`);
      return { method: "POST", path: statePath(call), headers: ["content-type", "application/json"], body };
    },
  ],
  [
    "state.delete",
    (call, granted, name) => {
      const key = keyOf(call, required(call, "key"), granted, name, "write");
      const etag = fieldValue(textOf(call, "etag") ?? "");
      const headers = etag ? ["if-match", etag] : [];
      const concurrency = concurrencyOf(call);
      const query = concurrency === undefined ? "" : `concurrency=${concurrency}`;
      return { method: "DELETE", path: `${statePath(call)}/${segment(key, "key")}`, query, headers };
    },
  ],
  [
    "state.transaction",
    (call, granted, name, { also } = {}) => ({
      method: "POST",
      path: `${statePath(call)}/transaction`,
      headers: ["content-type", "application/json"],
      body: encoder.encode(transaction(call, granted, name, also)),
    }),
  ],
  [
    "publish",
    (call, { publish }) => {
      const pubsub = required(call, "pubsub");
      const topic = required(call, "topic");
      if (!publish.some((need) => need.pubsub === pubsub && need.topics.includes(topic)))
        refuse(`to publish that topic on ${pubsub}`);
      return {
        method: "POST",
        path: `/v1.0/publish/${segment(pubsub, "pubsub")}/${segment(topic, "topic")}`,
        headers: contentType(call),
        body: fieldOf(call, ":body") ?? new Uint8Array(),
      };
    },
  ],
  [
    "invoke",
    (call, { invoke }) => {
      const app = required(call, "app");
      const [method = "", query = ""] = required(call, "method").split(/\?(.*)/s);
      const path = methodPath(method);
      const may = invoke.some(
        (need) => need.app === app && (need.methods?.includes(method.replace(/^\//, "")) ?? true),
      );
      if (!may) refuse(`to invoke that method of ${app}`);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what it looks for
      if (/[\u0000-\u0020\u007f#]/.test(query)) throw new CallRefused(400, "method has a query that is none");
      const body = fieldOf(call, ":body");
      return {
        method: methodOf(call),
        path: `/v1.0/invoke/${segment(app, "app")}/method/${path}`,
        query,
        headers: contentType(call),
        ...(body !== undefined && { body }),
        tells: "all",
      };
    },
  ],
]);
