import type { BindingRequest, BindingResponse, OutputBinding } from "../components/bindings/binding.ts";
import { BindingFailure } from "../components/bindings/binding-failure.ts";
import { directionOf } from "../components/bindings/direction.ts";
import { ScanError, type ScannedBinding } from "../core/core.ts";
import { apiError } from "../errors/api-error.ts";
import { ComponentError } from "../errors/component-error.ts";
import { fieldValue, isFieldName } from "../header-field.ts";
import {
  BodyTooLargeError,
  type Headers,
  header,
  noContent,
  type RuntimeResponse,
  readBody,
} from "../http.ts";
import { wellFormedTraceparent } from "../traceparent.ts";
import type { Call, Endpoint } from "./endpoint.ts";

const nothing = new TextEncoder().encode("null");

/** Names of a response's metadata as headers; what no header can hold is left out. */
function metadataHeaders(metadata: ReadonlyMap<string, string>): Headers {
  const headers: string[] = [];
  for (const [name, value] of metadata) {
    const field = fieldValue(value);
    if (isFieldName(name) && field !== undefined) headers.push(`metadata.${name.toLowerCase()}`, field);
  }
  return headers;
}

function answer(response: BindingResponse | undefined): RuntimeResponse {
  if (response === undefined) return noContent;
  const headers = metadataHeaders(response.metadata);
  return { status: 200, headers: ["content-type", "application/json", ...headers], body: response.data };
}

function failed(name: string, error: unknown): RuntimeResponse {
  const response = apiError("ERR_INVOKE_OUTPUT_BINDING", { name, cause: ComponentError.from(error).message });
  if (!(error instanceof BindingFailure)) return response;
  return { ...response, headers: [...response.headers, ...metadataHeaders(error.metadata)] };
}

/** The metadata of the request, and the trace of its caller. */
function metadataOf({ sidecar, request }: Call, { metadata }: ScannedBinding): ReadonlyMap<string, string> {
  const traceparent = header(request.headers, "traceparent");
  if (traceparent === undefined || !wellFormedTraceparent.test(traceparent)) return metadata ?? new Map();
  const traced = new Map(metadata).set("traceparent", traceparent);
  const tracestate = header(request.headers, "tracestate");
  if (tracestate !== undefined) traced.set("tracestate", tracestate);
  // Looked at where calls are traced, and refused there if it is none.
  const baggage = sidecar.tracer.tracing && header(request.headers, "baggage");
  return baggage === undefined ? traced : traced.set("baggage", baggage);
}

/** Asks for the signal only where the binding does: making one costs as much as a small file's reading. */
class Invocation implements BindingRequest {
  readonly operation: string;
  readonly data: Uint8Array;
  readonly metadata: ReadonlyMap<string, string>;
  readonly #call: Call;

  constructor(call: Call, operation: string, data: Uint8Array, metadata: ReadonlyMap<string, string>) {
    this.operation = operation;
    this.data = data;
    this.metadata = metadata;
    this.#call = call;
  }

  get signal(): AbortSignal | undefined {
    return this.#call.request.signal;
  }
}

function outputOf({ sidecar }: Call, name: string): OutputBinding | undefined {
  const opened = sidecar.components.bindings.get(name);
  if (opened === undefined || !directionOf(opened.resource).output) return undefined;
  const { component } = opened;
  return "invoke" in component ? (component as OutputBinding) : undefined;
}

/** The book's form names no operation: taken for `create`, or for the first one where that is none of the binding's. */
function operationOf({ sidecar, params }: Call, given: string, { operations }: OutputBinding): string {
  if (given !== "") return given;
  const assumed = operations.includes("create") ? "create" : operations[0];
  if (sidecar.strict || assumed === undefined) {
    throw new ComponentError("INVALID_ARGUMENT", "operation field is missing from request");
  }
  const [name] = params;
  sidecar.once(
    `binding ${name} was called without an operation: taken for ${assumed}; today's form is {"operation": "${assumed}", "data": …}`,
  );
  return assumed;
}

/** dapr-http-api §1.4. At-least-once: the effect is the component's, so a request that comes again has it again. */
export async function invokeBinding(call: Call): Promise<RuntimeResponse> {
  const { sidecar, request, params } = call;
  const [name = ""] = params;
  let scanned: ScannedBinding;
  try {
    const body = await readBody(request.body, sidecar.maxBodySize);
    if (body.byteLength === 0) return apiError("ERR_MALFORMED_REQUEST", { cause: "EOF" });
    scanned = sidecar.core.scanBinding(body);
  } catch (error) {
    if (!(error instanceof ScanError || error instanceof BodyTooLargeError)) throw error;
    return apiError("ERR_MALFORMED_REQUEST", { cause: error.message });
  }
  const component = outputOf(call, name);
  if (component === undefined) return failed(name, new Error(`couldn't find output binding ${name}`));
  try {
    const operation = operationOf(call, scanned.operation, component);
    if (!component.operations.includes(operation)) {
      const supported = component.operations.join(" ");
      const cause = `binding ${name} does not support operation ${operation}. supported operations:${supported}`;
      throw new ComponentError("UNIMPLEMENTED", cause);
    }
    const data = scanned.data ?? nothing;
    return answer(await component.invoke(new Invocation(call, operation, data, metadataOf(call, scanned))));
  } catch (error) {
    return failed(name, error);
  }
}

export const bindings: readonly Endpoint[] = [
  {
    name: "bindings.invoke",
    methods: ["POST", "PUT"],
    paths: ["/v1.0/bindings/{name}"],
    handle: invokeBinding,
  },
];
