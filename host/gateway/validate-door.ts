import { isFieldName } from "../header-field.ts";
import { fields } from "../resources/known-fields.ts";
import type { FieldReader } from "./gateway-fields.ts";
import type { CallerSetting, DoorSettings, RateSettings } from "./gateway-resource.ts";

/** What `spec` says about who may come in. */
export const doorShape = {
  allowedHosts: true,
  allowedOrigins: true,
  apiToken: fields("envRef"),
  callers: fields("appId digest"),
  rateLimit: fields("requestsPerSecond burst by header"),
} as const;

/** Ids as Dapr has them: what a path and a name of a host can hold. */
export const appId = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?$/;

function bytesOf(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function callers(spec: FieldReader): readonly CallerSetting[] {
  const seen = new Set<string>();
  return spec.list("callers").map((entry) => {
    const id = entry.required("appId");
    if (!appId.test(id)) entry.fail("appId", "must be letters, digits, dots, - and _");
    const digest = entry.required("digest").toLowerCase();
    if (!/^[0-9a-f]{128}$/.test(digest)) {
      entry.fail(
        "digest",
        "must be the BLAKE2b-512 of the token, 128 hexadecimal digits: `daprlet gateway token` makes both",
      );
    }
    if (seen.has(digest)) entry.fail("digest", "is another caller's as well");
    seen.add(digest);
    return { appId: id, digest: bytesOf(digest) };
  });
}

function origins(spec: FieldReader): readonly string[] {
  return spec.texts("allowedOrigins").map((origin, i) => {
    const bare = origin.replace(/\/$/, "");
    const valid = bare === "*" || bare === "null" || (URL.canParse(bare) && new URL(bare).origin === bare);
    if (!valid) spec.fail(`allowedOrigins.${i}`, "must be an origin such as https://app.example, or *");
    return bare;
  });
}

function rate(spec: FieldReader): RateSettings | undefined {
  if (!spec.has("rateLimit")) return undefined;
  const given: FieldReader = spec.mapping("rateLimit");
  const perSecond = given.positive("requestsPerSecond");
  const header = given.text("header")?.toLowerCase() ?? "";
  const by = given.text("by") ?? (header === "" ? "caller" : "header");
  if (by !== "all" && by !== "caller" && by !== "header") given.fail("by", "must be caller, header or all");
  if ((by === "header") !== (header !== "")) given.fail("header", "goes with by: header, and names it");
  if (header !== "" && !isFieldName(header)) given.fail("header", "is no name of a header");
  const burst = given.has("burst") ? given.positive("burst") : Math.max(1, Math.floor(perSecond));
  if (burst < 1) given.fail("burst", "must be 1 at least: nothing would pass");
  return { perSecond, burst, by, header };
}

export function door(spec: FieldReader): DoorSettings {
  return {
    apiToken: spec.secret("apiToken"),
    callers: callers(spec),
    allowedHosts: spec.texts("allowedHosts").map((host) => host.toLowerCase()),
    allowedOrigins: origins(spec),
    rate: rate(spec),
  };
}
