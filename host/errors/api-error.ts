import { json, type RuntimeResponse } from "../http.ts";
import { catalogue, type ErrorCode, type ErrorRow } from "./catalogue.ts";

export type ErrorParameters = Readonly<Record<string, string | number>>;

export interface ErrorOptions {
  /** Another status for the same code, where Dapr has several (an ETag's 409, an unaddressed call's 404). */
  readonly status?: number;
  /** Replaces the row's message where Dapr words a case of its own. */
  readonly message?: string;
  /** `metadata` of google.rpc.ErrorInfo, for rows with a reason. */
  readonly metadata?: ErrorParameters;
  /** The field at fault, for google.rpc.BadRequest; described by the message. */
  readonly field?: string;
  /** Replaces the row's reason, where one code has several. */
  readonly reason?: string;
  /** The code on the wire, where two rows share one (`ERR_MALFORMED_REQUEST` for an illegal key). */
  readonly wireCode?: string;
}

function fill(template: string, parameters: ErrorParameters): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) =>
    Object.hasOwn(parameters, name) ? String(parameters[name]) : "",
  );
}

/** Renders one row of the catalogue as Dapr's body: `errorCode`, `message`, and `details` for the rich rows. */
export function apiError(
  code: ErrorCode,
  parameters: ErrorParameters = {},
  options: ErrorOptions = {},
): RuntimeResponse {
  const row: ErrorRow = catalogue[code];
  const message = fill(options.message ?? row.message, parameters);
  const body: Record<string, unknown> = { errorCode: options.wireCode ?? code, message };
  if (row.reason !== undefined) {
    const details: Record<string, unknown>[] = [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        domain: "dapr.io",
        metadata: options.metadata ?? {},
        reason: options.reason ?? row.reason,
      },
    ];
    if (row.resource !== undefined) {
      details.push({
        "@type": "type.googleapis.com/google.rpc.ResourceInfo",
        description: "",
        owner: "",
        resource_name: String(parameters.name ?? ""),
        resource_type: row.resource,
      });
    }
    if (row.help !== undefined) {
      details.push({ "@type": "type.googleapis.com/google.rpc.Help", links: [row.help] });
    }
    if (options.field !== undefined) {
      details.push({
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        field_violations: [{ field: options.field, description: message }],
      });
    }
    body.details = details;
  }
  return { ...json(body, options.status ?? row.status), errorCode: options.wireCode ?? code };
}

/** An answer from the catalogue, thrown from below a handler; the runtime's one catch-all renders it. */
export class ApiError extends Error {
  readonly response: RuntimeResponse;
  constructor(
    readonly code: ErrorCode,
    parameters: ErrorParameters = {},
    options: ErrorOptions = {},
  ) {
    super(fill(options.message ?? catalogue[code].message, parameters));
    this.name = "ApiError";
    this.response = apiError(code, parameters, options);
  }
}
