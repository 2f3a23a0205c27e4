import type { HttpMiddleware, Next } from "../../components/middleware/middleware.ts";
import { apiError } from "../../errors/api-error.ts";
import { fieldValue, isFieldName } from "../../header-field.ts";
import { hopByHop } from "../../hop-by-hop.ts";
import {
  BodyTooLargeError,
  type Headers,
  type RuntimeRequest,
  type RuntimeResponse,
  readBody,
  withChanges,
} from "../../http.ts";
import { responseOf } from "../guest-answer.ts";
import { fieldOf, type MessageField, textField, textOf } from "../message.ts";
import type { GuestComponent } from "./guest-component.ts";

function headerFields(headers: Headers): MessageField[] {
  const fields: MessageField[] = [];
  for (let i = 0; i < headers.length; i += 2)
    fields.push(textField(headers[i] as string, headers[i + 1] as string));
  return fields;
}

/** The headers with those that the guest sets, in place of what they were. What frames a message it cannot set. */
function changed(headers: Headers, fields: readonly MessageField[]): Headers {
  const set: string[] = [];
  for (const each of fields) {
    const [name] = each;
    const field = name.toLowerCase();
    const value = fieldValue(textOf([each], name) ?? "");
    if (!isFieldName(field) || hopByHop.has(field) || field.startsWith("dapr") || value === undefined)
      continue;
    set.push(field, value);
  }
  if (set.length === 0) return headers;
  const names = new Set(set.filter((_, i) => i % 2 === 0));
  const kept = headers.filter((_, i) => !names.has(headers[i - (i % 2)] as string));
  return [...kept, ...set];
}

/**
 * A middleware that a package is: `handle-request` sees the request and lets it go on (`:next`), changed or not, or answers
 * itself; with the feature RESPONSE, `handle-response` sees the answer. It cannot call its host, in whose way it stands.
 */
export class GuestMiddleware implements HttpMiddleware {
  readonly #guest: GuestComponent;
  readonly #seesResponses: boolean;
  readonly #maxBodySize: number;

  constructor(guest: GuestComponent, seesResponses: boolean, maxBodySize: number) {
    this.#guest = guest;
    this.#seesResponses = seesResponses;
    this.#maxBodySize = maxBodySize;
  }

  async handle(request: RuntimeRequest, next: Next): Promise<RuntimeResponse> {
    let body: Uint8Array;
    try {
      body = await readBody(request.body, this.#maxBodySize);
    } catch (error) {
      if (!(error instanceof BodyTooLargeError)) throw error;
      return apiError("ERR_BODY_READ", { cause: error.message }, { status: 413 });
    }
    const { method, path, query, headers } = request;
    const { fields } = await this.#guest.answer(
      "handle-request",
      [
        textField(":method", method),
        textField(":path", path),
        textField(":query", query),
        [":body", body],
        ...headerFields(headers),
      ],
      { hostCalls: false },
    );
    if (textOf(fields, ":next") !== "true") return responseOf(fields);
    const changes = { headers: changed(headers, fields), body: fieldOf(fields, ":body") ?? body };
    const response = await next(withChanges(request, changes));
    return this.#seesResponses ? await this.#seen(response) : response;
  }

  async close(): Promise<void> {
    this.#guest.close();
  }

  async #seen(response: RuntimeResponse): Promise<RuntimeResponse> {
    const body = await readBody(response.body, this.#maxBodySize);
    const given = [textField(":status", String(response.status)), ...headerFields(response.headers)];
    const { fields } = await this.#guest.answer("handle-response", [...given, [":body", body]], {
      hostCalls: false,
    });
    if (textOf(fields, ":next") !== "true") return responseOf(fields);
    return {
      ...response,
      headers: changed(response.headers, fields),
      body: fieldOf(fields, ":body") ?? body,
    };
  }
}
