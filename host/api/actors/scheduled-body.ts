import { dropPolicy, type FailurePolicy } from "../../actors/reminders/failure-policy.ts";
import { type Core, ScanError } from "../../core/core.ts";
import { parseDuration } from "../../duration.ts";
import { ApiError } from "../../errors/api-error.ts";

/** The body of a registration: its text fields, empty where left out, and `data` exactly as sent. */
export interface ScheduledBody {
  readonly dueTime: string;
  readonly period: string;
  readonly ttl: string;
  /** Of timers. */
  readonly callback: string;
  /** JSON text of its own. */
  readonly data: Uint8Array | undefined;
  /** Of reminders. */
  readonly overwrite: boolean;
  readonly failurePolicy: FailurePolicy | undefined;
}

function refused(cause: string): ApiError {
  return new ApiError("ERR_MALFORMED_REQUEST", { cause });
}

/** Throws ERR_MALFORMED_REQUEST. What it does not know it leaves alone, as Dapr does. */
export function scheduledBody(core: Core, body: Uint8Array): ScheduledBody {
  let data: Uint8Array | undefined;
  try {
    data = core.scanBinding(body).data;
  } catch (error) {
    if (error instanceof ScanError) throw refused(error.message);
    throw error;
  }
  const given: unknown = JSON.parse(new TextDecoder().decode(body));
  if (given === null) throw refused("expected a JSON object");
  const fields = new Map(Object.entries(given as object));
  const text = (name: string): string => {
    const value: unknown = fields.get(name) ?? "";
    if (typeof value !== "string") throw refused(`${name}: expected a text`);
    return value;
  };
  const overwrite: unknown = fields.get("overwrite") ?? true;
  if (typeof overwrite !== "boolean") throw refused("overwrite: expected true or false");
  return {
    dueTime: text("dueTime"),
    period: text("period"),
    ttl: text("ttl"),
    callback: text("callback"),
    data: data?.slice(),
    overwrite,
    failurePolicy: failurePolicy(fields.get("failure_policy") ?? fields.get("failurePolicy")),
  };
}

/** `{"drop": {}}`, or `{"constant": {"interval"?, "maxRetries"?}}`; without an interval at once, without a number for ever. */
function failurePolicy(value: unknown): FailurePolicy | undefined {
  if (value === undefined || value === null) return undefined;
  const policy = new Map(Object.entries(value));
  const constant: unknown = policy.get("constant");
  if (policy.size === 1 && policy.has("drop")) return dropPolicy;
  if (policy.size !== 1 || typeof constant !== "object" || constant === null) {
    throw refused(
      'failure_policy: expected {"drop": {}} or {"constant": {"interval": "1s", "maxRetries": 3}}',
    );
  }
  const settings = new Map<string, unknown>(Object.entries(constant));
  const interval = settings.get("interval") ?? "0s";
  const intervalMs = typeof interval === "string" ? parseDuration(interval) : undefined;
  if (intervalMs === undefined || intervalMs < 0) {
    throw refused("failure_policy: interval: expected a duration such as 1s");
  }
  const maxRetries = settings.get("maxRetries") ?? settings.get("max_retries");
  if (maxRetries === undefined || maxRetries === null) return { intervalMs, maxRetries: undefined };
  if (!Number.isInteger(maxRetries) || (maxRetries as number) < 0) {
    throw refused("failure_policy: maxRetries: expected a whole number");
  }
  return { intervalMs, maxRetries: maxRetries as number };
}
