import { ApiError } from "../../errors/api-error.ts";
import { fieldValue, isFieldName } from "../../header-field.ts";
import { hopByHop } from "../../hop-by-hop.ts";
import {
  BodyTooLargeError,
  header,
  type RuntimeRequest,
  type RuntimeResponse,
  readBody,
} from "../../http.ts";
import type { Platform } from "../../platform.ts";
import { capabilityAbi } from "../abi.ts";
import { type AdmittedModule, admit } from "../admission.ts";
import { capabilityError } from "../answer-offer.ts";
import type { Confinement, GuestLine } from "../confinement.ts";
import { converse } from "../converse.ts";
import { responseOf, statusOf } from "../guest-answer.ts";
import { GuestFault } from "../guest-fault.ts";
import { GuestPool } from "../guest-pool.ts";
import { type Api, type CallContext, HostCalls } from "../host-calls.ts";
import { fieldOf, type MessageField, textField, textOf } from "../message.ts";
import { plainLog } from "../plain-log.ts";
import { appRules } from "./app-calls.ts";
import type { AppTerms } from "./app-options.ts";

/** What a Wasm app is run with. */
export interface WasmAppHost {
  readonly confinement: Confinement;
  readonly platform: Platform;
  /** The API of its own sidecar. */
  readonly api: Api;
}

/** A page that it sends has an origin of its own: in a browser it would otherwise have the site's. */
const apart = [
  "x-content-type-options",
  "nosniff",
  "content-security-policy",
  "sandbox allow-scripts allow-forms",
];

/** Refuses what is no core module, before anything is compiled. */
function checkLayer(bytes: Uint8Array): void {
  const [, a, s, m, , , layer] = bytes;
  if (a === 0x61 && s === 0x73 && m === 0x6d && layer === 1) {
    throw new GuestFault(
      "refused",
      "it is a Wasm component: daprlet capability build makes a module of the ABI of it",
    );
  }
}

/** A Wasm module of our ABI as an app: requests in, answers out, confined as a package is. */
export class WasmApp {
  readonly #appId: string;
  readonly #terms: AppTerms;
  readonly #host: WasmAppHost;
  readonly #pool: GuestPool;
  readonly #calls: HostCalls;
  readonly #say: (line: GuestLine) => void;

  private constructor(appId: string, module: AdmittedModule, terms: AppTerms, host: WasmAppHost) {
    const { limits, fetch } = terms;
    const log = plainLog(host.platform.log);
    this.#appId = appId;
    this.#terms = terms;
    this.#host = host;
    this.#calls = new HostCalls(appId, appRules(fetch), host, { asked() {} });
    this.#say = ({ level, text }) => log[level](`app ${appId}: ${text}`);
    const program = { module, schemas: [] };
    this.#pool = new GuestPool(host.confinement, program, limits, host.platform, this.#say);
  }

  /** Throws a GuestFault for a module that is not let in. */
  static async open(
    appId: string,
    bytes: Uint8Array<ArrayBuffer>,
    terms: AppTerms,
    host: WasmAppHost,
  ): Promise<WasmApp> {
    checkLayer(bytes);
    const hash = terms.sha256 === undefined ? {} : { sha256: terms.sha256 };
    const entry = { name: appId, path: "the module", ...hash };
    const granted = { clock: true, random: true, rewrite: false };
    const module = await admit(bytes, entry, { abi: capabilityAbi, granted, limits: terms.limits });
    return new WasmApp(appId, module, terms, host);
  }

  /** What ended the guest is an answer, with Dapr's error. */
  async answer(request: RuntimeRequest): Promise<RuntimeResponse> {
    try {
      return answerOf(await this.#asked(request));
    } catch (error) {
      if (error instanceof BodyTooLargeError) return { status: 413, headers: [], body: undefined };
      const told = capabilityError(error, this.#appId);
      if (!(told instanceof ApiError)) throw error;
      this.#host.platform.log.error(told.message);
      return told.response;
    }
  }

  async close(): Promise<void> {
    this.#pool.close();
    await this.#host.confinement.close();
  }

  async #asked({ method, path, query, headers, body }: RuntimeRequest): Promise<readonly MessageField[]> {
    const { calls, memory, timeMs } = this.#terms.limits;
    const fields: MessageField[] = [
      textField(":offer", "app"),
      textField(":operation", "request"),
      textField(":method", method),
      textField(":path", path),
      textField(":query", query),
      [":body", await readBody(body, memory)],
    ];
    for (let i = 0; i < headers.length; i += 2)
      fields.push(textField(headers[i] as string, headers[i + 1] as string));
    const traceparent = header(headers, "traceparent");
    const conversation = await this.#pool.with(
      (guest, ending) => {
        const context: CallContext = { ending, traceparent, allowed: calls, calls, bytes: memory };
        return converse(guest, { fields, checks: [] }, this.#calls, context, this.#say);
      },
      () => new GuestFault("deadline", `it did not answer within ${timeMs} ms`),
    );
    return "answer" in conversation ? conversation.answer : [];
  }
}

/** As the guest answered, but for what speaks for the connection. */
function answerOf(fields: readonly MessageField[]): RuntimeResponse {
  if (fieldOf(fields, ":error") !== undefined) return responseOf(fields);
  const status = statusOf(fields);
  const headers: string[] = [];
  for (const [name, bytes] of fields) {
    if (name.startsWith(":")) continue;
    const field = name.toLowerCase();
    const value = fieldValue(textOf([[name, bytes]], name) ?? "");
    if (!isFieldName(field) || value === undefined)
      throw new GuestFault("protocol", "its answer has a header that is none");
    if (!hopByHop.has(field)) headers.push(field, value);
  }
  const body = fieldOf(fields, ":body");
  const empty = status === 204 || status === 304 || body === undefined || body.length === 0;
  return { status, headers: [...headers, ...apart], body: empty ? undefined : body };
}
