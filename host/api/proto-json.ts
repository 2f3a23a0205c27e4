import type { Call } from "./endpoint.ts";
import { malformed, requestBody } from "./state/request-body.ts";

/** The fields of a message of Dapr's gRPC API, by their names in JSON, and their types. */
type MessageFields = Readonly<Record<string, "string" | "int32">>;

type Message<F extends MessageFields> = {
  readonly [K in keyof F]: F[K] extends "string" ? string : number;
};

const INT32 = 2 ** 31;

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function decode(name: string, type: "string" | "int32", value: unknown): string | number {
  if (type === "string") {
    if (value === undefined || value === null) return "";
    if (typeof value === "string") return value;
  } else {
    if (value === undefined || value === null) return 0;
    const text = typeof value === "string" && /^-?[\d.]+(e[+-]?\d+)?$/i.test(value) ? Number(value) : value;
    if (Number.isInteger(text) && (text as number) >= -INT32 && (text as number) < INT32)
      return text as number;
  }
  throw malformed(`invalid value for ${type} field ${name}`, undefined);
}

/**
 * A body in the JSON of protocol buffers, as Dapr reads it where an endpoint is also one of its gRPC API: names in camel
 * or snake case, numbers also as text, fields that are missing or null at their zero, unknown ones left alone, and no
 * body at all a message without fields.
 */
export async function protoMessage<const F extends MessageFields>(
  call: Call,
  fields: F,
): Promise<{ readonly body: Uint8Array; readonly message: Message<F> }> {
  const body = await requestBody(call, undefined);
  let parsed: unknown = {};
  try {
    if (body.byteLength > 0) parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw malformed("it is not valid JSON", undefined);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw malformed("expected a JSON object", undefined);
  }
  const given = new Map<string, unknown>(Object.entries(parsed));
  const message = Object.entries(fields).map(([name, type]) => {
    const other = snake(name);
    if (other !== name && given.has(name) && given.has(other))
      throw malformed(`duplicate field "${other}"`, undefined);
    return [name, decode(name, type, given.get(name) ?? given.get(other))];
  });
  return { body, message: Object.fromEntries(message) as Message<F> };
}
