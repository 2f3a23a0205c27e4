import type { BindingEvent } from "../../components/bindings/binding.ts";
import { header } from "../../http.ts";
import { isFields } from "../../resources/fields.ts";
import type { OfferRequest } from "../answer-offer.ts";
import { type MessageField, textField } from "../message.ts";
import type { JoinCommit } from "./join.ts";

/** Why a function is called, and with what. */
export interface Occasion {
  readonly operation: "invoke" | "event" | "binding" | "timer" | "join";
  /** Of this call; the same where it comes again. */
  readonly id: string;
  /** What the call is about: what a program is given, and joined. */
  readonly data: Uint8Array;
  /** What a module finds in `:body`. */
  readonly body: Uint8Array;
  readonly fields: readonly MessageField[];
  readonly traceparent: string | undefined;
  readonly commit?: JoinCommit;
}

const encoder = new TextEncoder();
const nothing = new Uint8Array(0);

export function requestOccasion(id: string, { method, query, headers, body }: OfferRequest): Occasion {
  const type = header(headers, "content-type");
  return {
    operation: "invoke",
    id,
    data: body,
    body,
    fields: [
      textField(":method", method),
      textField(":query", query),
      ...(type === undefined ? [] : [textField("content-type", type)]),
    ],
    traceparent: header(headers, "traceparent"),
  };
}

/** `otherwise` is its id where the event has none. */
export function eventOccasion(event: Uint8Array, otherwise: string): Occasion {
  const envelope: unknown = JSON.parse(new TextDecoder().decode(event));
  const { id, data, data_base64: bytes, traceparent } = isFields(envelope) ? envelope : {};
  return {
    operation: "event",
    id: typeof id === "string" && id !== "" ? id : otherwise,
    data:
      typeof bytes === "string"
        ? Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))
        : encoder.encode(typeof data === "string" ? data : JSON.stringify(data ?? null)),
    body: event,
    fields: [],
    traceparent: typeof traceparent === "string" ? traceparent : undefined,
  };
}

export function bindingOccasion(id: string, binding: string, { data, metadata }: BindingEvent): Occasion {
  const told = Array.from(metadata, ([name, value]) => textField(`metadata.${name.toLowerCase()}`, value));
  return {
    operation: "binding",
    id,
    data,
    body: data,
    fields: [textField(":binding", binding), ...told],
    traceparent: metadata.get("traceparent"),
  };
}

export function timerOccasion(id: string, timer: string): Occasion {
  const fields = [textField(":timer", timer)];
  return { operation: "timer", id, data: nothing, body: nothing, fields, traceparent: undefined };
}

export function joinOccasion(
  id: string,
  inputs: Readonly<Record<string, unknown>>,
  commit: JoinCommit,
): Occasion {
  const each = Object.entries(inputs).map(([name, value]) =>
    textField(`input.${name}`, JSON.stringify(value)),
  );
  const body = encoder.encode(JSON.stringify(inputs));
  const fields = [textField(":join", id), ...each];
  return { operation: "join", id, data: body, body, fields, traceparent: undefined, commit };
}

/** What an input says, and which join it belongs to. Throws an Error that says what was expected. */
export function joined(data: Uint8Array, pointer: string): { readonly id: string; readonly value: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
  } catch {
    throw new Error("its data is not JSON");
  }
  let id = value;
  for (const token of pointer.slice(1).split("/")) {
    const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
    id = typeof id === "object" && id !== null && Object.hasOwn(id, name) ? Reflect.get(id, name) : undefined;
  }
  if (typeof id === "number") id = String(id);
  if (typeof id !== "string" || id === "" || id.length > MAX_ID)
    throw new Error(`its data has no text or number at ${pointer}, by which it belongs to others`);
  return { id, value };
}

/** Characters of what inputs belong together by. */
const MAX_ID = 200;
