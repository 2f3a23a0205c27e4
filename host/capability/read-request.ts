import { ApiError } from "../errors/api-error.ts";
import { type Headers, header } from "../http.ts";
import type { Matched } from "./match-operation.ts";
import { type MessageField, textField } from "./message.ts";
import type { Operation, Parameter, SchemaNumber } from "./openapi.ts";

/** What is checked in the worker, before the guest is called: a value, or the JSON that the bytes are. */
export interface SchemaCheck {
  readonly schema: SchemaNumber;
  /** For the message: `query parameter as`. */
  readonly what: string;
  readonly value?: unknown;
  readonly json?: Uint8Array;
}

/** What of a request the parameters and the body are read from. */
export interface GivenRequest {
  readonly method: string;
  readonly query: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

function refuse(cause: string, status = 400): never {
  throw new ApiError("ERR_CAPABILITY_REQUEST", { cause }, { status });
}

/** Text as the schema's type has it; what is none stays text, and fails its check. */
function typed(text: string, type: string | undefined): unknown {
  if (type === "integer" || type === "number")
    return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : text;
  if (type === "boolean") return text === "true" ? true : text === "false" ? false : text;
  return text;
}

function given(parameter: Parameter, path: Matched["parameters"], query: URLSearchParams, headers: Headers) {
  if (parameter.in === "path") return path.has(parameter.name) ? [path.get(parameter.name) as string] : [];
  if (parameter.in === "query") return query.getAll(parameter.name);
  const value = header(headers, parameter.name);
  return value === undefined ? [] : [value];
}

/** One parameter as fields, and what is to be checked of it. */
function read(
  parameter: Parameter,
  texts: readonly string[],
  checks: SchemaCheck[],
): readonly MessageField[] {
  const what = `${parameter.in} parameter ${parameter.name}`;
  if (texts.length === 0) {
    if (parameter.required) refuse(`${what} is required`);
    return [];
  }
  const list = parameter.type === "array";
  const items = list && !parameter.explode ? texts.flatMap((text) => text.split(",")) : texts;
  if (!list && items.length > 1) refuse(`${what} is given more than once`);
  const values = items.map((text) => typed(text, list ? parameter.items : parameter.type));
  checks.push({ schema: parameter.schema, what, value: list ? values : values[0] });
  return items.map((text) => textField(parameter.name.toLowerCase(), text));
}

function checkBody(
  { body: expected }: Operation,
  { headers, body }: GivenRequest,
  checks: SchemaCheck[],
): void {
  if (expected === undefined) return;
  if (body.length === 0) {
    if (expected.required) refuse("a body is required");
    return;
  }
  const type = (header(headers, "content-type") ?? "").split(";")[0]?.trim().toLowerCase() as string;
  const wildcards = [type, `${type.split("/")[0]}/*`, "*/*"];
  const known = wildcards.find((one) => expected.content.has(one));
  if (known === undefined) {
    refuse(
      `a body of type ${type || "nothing"} is not taken; expected ${[...expected.content.keys()].join(" or ")}`,
      415,
    );
  }
  const schema = expected.content.get(known);
  if (schema !== undefined) checks.push({ schema, what: "the body", json: body });
}

/** Headers that every guest is told, beside those that its description names. */
const told = ["accept", "content-type"];

/** A request as a guest's message, and what of it is to be checked before the guest sees it. */
export interface ReadRequest {
  readonly fields: readonly MessageField[];
  readonly checks: readonly SchemaCheck[];
}

/** Throws an ApiError with a client's fault. */
export function readRequest(
  offer: string,
  { operation, parameters }: Matched,
  path: string,
  request: GivenRequest,
): ReadRequest {
  const checks: SchemaCheck[] = [];
  const query = new URLSearchParams(request.query);
  const named = operation.parameters.flatMap((parameter) =>
    read(parameter, given(parameter, parameters, query, request.headers), checks),
  );
  checkBody(operation, request, checks);
  const headers = told.flatMap((name): readonly MessageField[] => {
    const value = header(request.headers, name);
    return value === undefined ? [] : [textField(name, value)];
  });
  const fields: readonly MessageField[] = [
    textField(":offer", offer),
    textField(":operation", operation.id),
    textField(":method", request.method),
    textField(":path", `/${path}`),
    textField(":query", request.query),
    [":body", request.body],
    ...headers,
    ...named,
  ];
  return { fields, checks };
}
