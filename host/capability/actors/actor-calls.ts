import type { Headers } from "../../http.ts";
import { CallRefused } from "../call-refused.ts";
import { type ApiCall, type Build, bodyOf, required, segment } from "../host-requests.ts";
import type { Needs } from "../manifest.ts";
import { fieldOf, type MessageField, textOf } from "../message.ts";

/** The actor whose turn a call belongs to. */
export interface TurnActor {
  readonly type: string;
  readonly id: string;
  /** Of the chain of calls that the turn belongs to; undefined where the type is not reentrant. */
  readonly chain: string | undefined;
  /** What its writes of state say of themselves. */
  readonly turn: Headers;
}

type Call = readonly MessageField[];
type OfTurn = (call: Call, path: string, actor: TurnActor, granted: Needs) => ApiCall;

const encoder = new TextEncoder();
const json = ["content-type", "application/json"];

function actorPath(type: string, id: string): string {
  return `/v1.0/actors/${segment(type, "type")}/${segment(id, "id")}`;
}

function written(path: string, { turn }: TurnActor, operations: Uint8Array): ApiCall {
  return { method: "POST", path: `${path}/state`, headers: [...json, ...turn], body: operations };
}

function ttlOf(call: Call): object {
  const ttl = textOf(call, "ttl");
  if (ttl === undefined) return {};
  if (!/^\d{1,10}$/.test(ttl)) throw new CallRefused(400, "ttl takes whole seconds");
  return { metadata: { ttlInSeconds: ttl } };
}

/** `reminder` or `timer`: begun by Dapr's JSON, and ended. */
function scheduled(kind: "reminders" | "timers"): readonly [set: OfTurn, remove: OfTurn] {
  const of = (path: string, call: Call) => `${path}/${kind}/${segment(required(call, "name"), "name")}`;
  return [
    (call, path) => ({
      method: "POST",
      path: of(path, call),
      headers: json,
      body: fieldOf(call, ":body") ?? new Uint8Array(),
    }),
    (call, path) => ({ method: "DELETE", path: of(path, call) }),
  ];
}

const [setReminder, deleteReminder] = scheduled("reminders");
const [setTimer, deleteTimer] = scheduled("timers");

/** What the actor of the turn has of its own: nobody else's state, timers and reminders can be named. */
const ofTurn: readonly (readonly [name: string, build: OfTurn])[] = [
  [
    "actor.state.get",
    (call, path) => ({ method: "GET", path: `${path}/state/${segment(required(call, "key"), "key")}` }),
  ],
  [
    "actor.state.set",
    (call, path, actor) => {
      const item = JSON.stringify({ key: required(call, "key"), ...ttlOf(call) }).slice(0, -1);
      // The value is put in as it is written: one that is parsed and written anew would not be the same.
      const operations = `[{"operation":"upsert","request":${item},"value":${bodyOf(call)}}}]`;
      return written(path, actor, encoder.encode(operations));
    },
  ],
  [
    "actor.state.delete",
    (call, path, actor) => {
      const operations = [{ operation: "delete", request: { key: required(call, "key") } }];
      return written(path, actor, encoder.encode(JSON.stringify(operations)));
    },
  ],
  [
    "actor.state.transaction",
    (call, path, actor) => written(path, actor, fieldOf(call, ":body") ?? new Uint8Array()),
  ],
  ["actor.reminder.set", setReminder],
  ["actor.reminder.delete", deleteReminder],
  ["actor.timer.set", setTimer],
  ["actor.timer.delete", deleteTimer],
];

function invoked(call: Call, granted: Needs, chain: string | undefined): ApiCall {
  const type = required(call, "type");
  if (!granted.actors.includes(type)) {
    throw new CallRefused(
      403,
      `to call actors of type ${type} was not asked for in the package's manifest, or not granted by the user`,
    );
  }
  const method = segment(required(call, "method"), "method");
  const body = fieldOf(call, ":body");
  return {
    method: "POST",
    path: `${actorPath(type, required(call, "id"))}/method/${method}`,
    headers: chain === undefined ? json : [...json, "dapr-reentrancy-id", chain],
    ...(body !== undefined && { body }),
    tells: "all",
  };
}

/** Calls about actors, by their names. Each throws a CallRefused. */
export const actorCalls: ReadonlyMap<string, Build> = new Map<string, Build>([
  ...ofTurn.map(([name, build]): [string, Build] => [
    name,
    (call, granted, _, { actor } = {}) => {
      if (actor === undefined) throw new CallRefused(403, `${name} belongs into the turn of an actor`);
      return build(call, actorPath(actor.type, actor.id), actor, granted);
    },
  ]),
  ["actor.invoke", (call, granted, _, { actor } = {}) => invoked(call, granted, actor?.chain)],
]);
