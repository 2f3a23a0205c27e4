import { type Abortable, signalOf } from "../abortable.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { fieldValue, isFieldName } from "../header-field.ts";
import {
  BodyTooLargeError,
  type Headers,
  header,
  type RuntimeRequest,
  type RuntimeResponse,
  readBody,
} from "../http.ts";
import type { Platform } from "../platform.ts";
import type { TurnActor } from "./actors/actor-calls.ts";
import { CallRefused } from "./call-refused.ts";
import type { JoinCommit } from "./functions/join.ts";
import { GuestFault } from "./guest-fault.ts";
import { fetchCall, withResponse } from "./host-fetch.ts";
import type { ApiCall, apiCalls } from "./host-requests.ts";
import type { Needs } from "./manifest.ts";
import type { Measures } from "./measures.ts";
import { type MessageField, textField, textOf } from "./message.ts";

/** How the runtime answers requests of its API, to those whom it trusts. */
export type Api = (request: RuntimeRequest) => Promise<RuntimeResponse>;

/** What the calls of one call of a guest share. */
export interface CallContext {
  /** Of the one call that they belong to. */
  readonly ending: Abortable;
  /** Of the caller's trace. */
  readonly traceparent: string | undefined;
  /** Calls that it may ask for, in all. */
  readonly allowed: number;
  /** Calls, and bytes of results, that are left to it. */
  calls: number;
  bytes: number;
  /** Goes into the first transaction that it asks for on this store, until that succeeds. */
  commit?: JoinCommit | undefined;
  /** Whose turn it is. */
  readonly actor?: TurnActor | undefined;
}

type Call = readonly MessageField[];

/** Which calls there are, and what each of them is compared with. */
export interface CallRules {
  readonly builds: typeof apiCalls;
  granted(call: Call): Needs;
}

/** Of an item of state: its ETag, and when it expires in milliseconds since 1970. */
function ofState(headers: Headers): Headers {
  const etag = header(headers, "etag");
  const expires = Date.parse(header(headers, "metadata.ttlexpiretime") ?? "");
  return [
    ...(etag === undefined ? [] : ["etag", etag]),
    ...(Number.isNaN(expires) ? [] : ["expires", String(expires)]),
  ];
}

function failed(status: number, code: string, message: string): MessageField[] {
  return [textField(":status", String(status)), textField(":error", code), textField(":body", message)];
}

/** What goes into this transaction besides: no other one has it then. */
function committed(call: Call, context: CallContext): JoinCommit | undefined {
  const { commit } = context;
  if (commit === undefined || textOf(call, "store") !== commit.store) return undefined;
  context.commit = undefined;
  return commit;
}

/** Performs what a guest asks for, after it was compared with what it was granted. */
export class HostCalls {
  readonly #name: string;
  readonly #rules: CallRules;
  readonly #host: { readonly api: Api; readonly platform: Platform };
  readonly #measures: Pick<Measures, "asked">;

  constructor(
    name: string,
    rules: CallRules,
    host: { readonly api: Api; readonly platform: Platform },
    measures: Pick<Measures, "asked">,
  ) {
    this.#name = name;
    this.#rules = rules;
    this.#host = host;
    this.#measures = measures;
  }

  /** Together; the results come in the order of the calls. Throws a GuestFault where there are too many. */
  async perform(calls: readonly Call[], context: CallContext): Promise<readonly MessageField[]> {
    context.calls -= calls.length;
    if (context.calls < 0) {
      throw new GuestFault("budget", `it asks for more than ${context.allowed} calls of its host`);
    }
    return (await this.each(calls, context)).flat();
  }

  /** As {@link perform}, result by result, and without a count: for what the host itself asks in a package's name. */
  each(calls: readonly Call[], context: CallContext): Promise<readonly (readonly MessageField[])[]> {
    return Promise.all(calls.map((call) => this.#one(call, context)));
  }

  async #one(call: Call, context: CallContext): Promise<readonly MessageField[]> {
    const kind = textOf(call, ":call") ?? "";
    // A name that is none is the guest's own text: it is no label.
    const told = kind === "fetch" || this.#rules.builds.has(kind) ? kind : "unknown";
    try {
      const result = await this.#performed(kind, call, context);
      this.#measures.asked(told, Number(textOf(result, ":status")) < 500 ? "answered" : "failed");
      return result;
    } catch (error) {
      if (error instanceof GuestFault) throw error;
      this.#measures.asked(told, error instanceof CallRefused && error.status === 403 ? "refused" : "failed");
      if (error instanceof CallRefused) {
        return failed(
          error.status,
          error.status === 403 ? "ERR_CAPABILITY_NOT_GRANTED" : "ERR_BAD_REQUEST",
          error.message,
        );
      }
      if (error instanceof BodyTooLargeError)
        return failed(500, "ERR_CAPABILITY_RESULT", "the answer is too large for its limits");
      return failed(500, "ERR_CAPABILITY_RESULT", reasonOf(error));
    }
  }

  async #performed(kind: string, call: Call, context: CallContext): Promise<readonly MessageField[]> {
    if (kind === "fetch") return await this.#fetched(call, context);
    const build = this.#rules.builds.get(kind);
    if (build === undefined) throw new CallRefused(400, `there is no call ${kind}`);
    const commit = kind === "state.transaction" ? committed(call, context) : undefined;
    const surroundings = { also: commit?.operation, actor: context.actor };
    const asked = build(call, this.#rules.granted(call), this.#name, surroundings);
    const result = await this.#asked(asked, context);
    if (commit !== undefined && textOf(result, ":status") !== "204") context.commit = commit;
    return result;
  }

  async #asked(
    { method, path, query = "", headers = [], body, tells, most }: ApiCall,
    context: CallContext,
  ): Promise<readonly MessageField[]> {
    const traced =
      context.traceparent === undefined ? headers : [...headers, "traceparent", context.traceparent];
    const signal = signalOf(context.ending);
    const response = await this.#host.api({ method, path, query, headers: traced, body, signal });
    const { status } = response;
    const read = await this.#read(response.body, context, most);
    if (typeof tells === "function" && status === 200) return [textField(":status", "200"), ...tells(read)];
    const told = tells === "all" ? response.headers : ofState(response.headers);
    const result = this.#result(response.conflict ? 409 : status, told, read);
    return response.errorCode === undefined ? result : [...result, textField(":error", response.errorCode)];
  }

  async #fetched(call: Call, context: CallContext) {
    const { url, init } = fetchCall(call, this.#rules.granted(call));
    const response = await this.#host.platform.fetch(url, { ...init, signal: signalOf(context.ending) });
    const { status, headers, body } = withResponse(response);
    return this.#result(status, headers, await this.#read(body, context));
  }

  /** What all results of a call have together must fit into the guest's memory, so no more is held for it. */
  async #read(
    body: RuntimeResponse["body"],
    context: CallContext,
    most = Number.POSITIVE_INFINITY,
  ): Promise<Uint8Array> {
    const bytes = await readBody(body, Math.min(most, context.bytes));
    context.bytes -= bytes.length;
    if (context.bytes < 0) throw new BodyTooLargeError(0);
    return bytes;
  }

  #result(status: number, headers: readonly string[], body: Uint8Array): readonly MessageField[] {
    const fields: MessageField[] = [textField(":status", String(status))];
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      const value = fieldValue(headers[i + 1] as string);
      if (isFieldName(name) && value !== undefined) fields.push(textField(name, value));
    }
    fields.push([":body", body]);
    return fields;
  }
}
