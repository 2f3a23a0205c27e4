import {
  decodeMessage,
  encodeMessage,
  fieldOf,
  type MessageField,
  messageKind,
  textField,
  textOf,
} from "../message.ts";
import type { Exchange, GivenRequest, GivenResponse, Part } from "./exchange.ts";
import type { GuestField } from "./guest-fields.ts";

/**
 * What goes between the host and a worker with guests of http-wasm, in messages of our own ABI's form. Headers have a mark before
 * their names, so that none is taken for something else.
 */

const marks: Readonly<Record<Part, string>> = { request: ">", response: "<" };

const nothing = new Uint8Array(0);
const yes = textField("", "1")[1];

function marked(part: Part, fields: readonly GuestField[]): readonly MessageField[] {
  return fields.map(([name, value]) => [marks[part] + name, value]);
}

function unmarked(part: Part, fields: readonly MessageField[]): readonly GuestField[] {
  const found: GuestField[] = [];
  for (const [name, value] of fields) if (name.startsWith(marks[part])) found.push([name.slice(1), value]);
  return found;
}

function numberOf(fields: readonly MessageField[], name: string): number | undefined {
  const text = textOf(fields, name);
  return text === undefined ? undefined : Number(text);
}

function message(fields: readonly MessageField[]): Uint8Array {
  return encodeMessage({ kind: messageKind.request, fields });
}

/** For `handle_request`. `last`: nobody will come back with the response. */
export function requestMessage(
  { method, uri, source, fields, body }: GivenRequest,
  last: boolean,
): Uint8Array {
  const head = [textField(":method", method), textField(":uri", uri), textField(":source", source)];
  const end: MessageField[] = last ? [[":last", yes]] : [];
  return message([...head, [":body", body], ...end, ...marked("request", fields)]);
}

export function isLast(fields: readonly MessageField[]): boolean {
  return fieldOf(fields, ":last") !== undefined;
}

export function readRequest(fields: readonly MessageField[]): GivenRequest {
  return {
    method: textOf(fields, ":method") ?? "",
    uri: textOf(fields, ":uri") ?? "",
    source: textOf(fields, ":source") ?? "",
    fields: unmarked("request", fields),
    body: fieldOf(fields, ":body") ?? nothing,
  };
}

/** For `handle_response` in the instance that has the exchange; without a response after an error. */
export function responseMessage(id: string, response: GivenResponse | undefined): Uint8Array {
  const head = textField(":exchange", id);
  if (response === undefined) return message([head]);
  const { status, fields, body } = response;
  return message([
    head,
    textField(":status", String(status)),
    [":body", body],
    ...marked("response", fields),
  ]);
}

/** The exchange, and its response; without one after an error. */
export function readResponse(fields: readonly MessageField[]): {
  readonly id: string;
  readonly response: GivenResponse | undefined;
} {
  const status = numberOf(fields, ":status");
  const body = fieldOf(fields, ":body") ?? nothing;
  const given = unmarked("response", fields);
  return {
    id: textOf(fields, ":exchange") ?? "",
    response: status === undefined ? undefined : { status, fields: given, body },
  };
}

/** A guest answers a request itself. */
export interface GuestResponse extends GivenResponse {
  readonly kind: "response";
}

/** The request goes on. What is undefined stays as it was. */
export interface PassedRequest {
  readonly kind: "next";
  /** Undefined: its guest has nothing to do with the response. */
  readonly id: string | undefined;
  /** The guest changes the response: it waits for the whole of it. */
  readonly buffersResponse: boolean;
  readonly method: string | undefined;
  readonly uri: string | undefined;
  readonly fields: readonly GuestField[] | undefined;
  readonly body: Uint8Array | undefined;
  /** What it said of the response beforehand. */
  readonly early: {
    readonly status: number | undefined;
    readonly fields: readonly GuestField[];
    readonly body: Uint8Array | undefined;
  };
}

/** All of the worker's memory for requests that went on is taken. */
export interface NoRoom {
  readonly kind: "full";
}

/** After `handle_request`. */
export type Handled = GuestResponse | PassedRequest | NoRoom;

export const noRoom: Uint8Array = message([[":full", yes]]);

export function answeredMessage({ answer, responseFields, responseBody }: Exchange): Uint8Array {
  return message([
    textField(":status", String(answer)),
    [":body", responseBody.written ?? nothing],
    ...marked("response", responseFields.list),
  ]);
}

export function passedMessage(
  id: string | undefined,
  buffersResponse: boolean,
  keepsBody: boolean,
  exchange: Exchange,
): Uint8Array {
  const { given, method, uri, requestFields, requestBody, responseFields, responseBody } = exchange;
  const fields: MessageField[] = [textField(":exchange", id ?? "")];
  if (buffersResponse) fields.push([":buffer", yes]);
  if (method !== given.method) fields.push(textField(":method", method));
  if (uri !== given.uri) fields.push(textField(":uri", uri));
  const body = requestBody.written ?? (keepsBody ? undefined : requestBody.rest);
  if (body !== undefined) fields.push([":body", body]);
  if (requestFields.changed) fields.push([":fields", yes], ...marked("request", requestFields.list));
  if (exchange.statusChanged) fields.push(textField(":status", String(exchange.answer)));
  const early = responseBody.written;
  if (early !== undefined) fields.push([":early", early]);
  return message([...fields, ...marked("response", responseFields.list)]);
}

export function readHandled(bytes: Uint8Array): Handled {
  const { fields } = decodeMessage(bytes);
  const id = textOf(fields, ":exchange");
  const response = unmarked("response", fields);
  if (fieldOf(fields, ":full") !== undefined) return { kind: "full" };
  const status = numberOf(fields, ":status");
  const body = fieldOf(fields, ":body");
  if (id === undefined)
    return { kind: "response", status: status ?? 200, fields: response, body: body ?? nothing };
  return {
    kind: "next",
    id: id === "" ? undefined : id,
    buffersResponse: fieldOf(fields, ":buffer") !== undefined,
    method: textOf(fields, ":method"),
    uri: textOf(fields, ":uri"),
    fields: fieldOf(fields, ":fields") && unmarked("request", fields),
    body,
    early: { status, fields: response, body: fieldOf(fields, ":early") },
  };
}

/** What a guest made of a response. What is undefined stays as it was. */
export interface ChangedResponse {
  readonly status: number | undefined;
  readonly fields: readonly GuestField[] | undefined;
  readonly body: Uint8Array | undefined;
}

/** After `handle_response`. */
export function changedMessage(exchange: Exchange): Uint8Array {
  const { responseFields, responseBody } = exchange;
  const fields: MessageField[] = [];
  if (exchange.statusChanged) fields.push(textField(":status", String(exchange.answer)));
  const body = responseBody.written;
  if (body !== undefined) fields.push([":body", body]);
  if (responseFields.changed) fields.push([":fields", yes], ...marked("response", responseFields.list));
  return message(fields);
}

export function readChanged(bytes: Uint8Array): ChangedResponse {
  const { fields } = decodeMessage(bytes);
  return {
    status: numberOf(fields, ":status"),
    fields: fieldOf(fields, ":fields") && unmarked("response", fields),
    body: fieldOf(fields, ":body"),
  };
}
