import { fieldValue, isFieldName } from "../header-field.ts";
import { member, scalar } from "../resources/fields.ts";
import { fields, type Shape } from "../resources/known-fields.ts";
import type { FieldReader } from "./gateway-fields.ts";
import type { HeaderSetting, UpstreamSetting } from "./gateway-resource.ts";

/** What an entry of `upstreams` may say. */
export const upstreamShape: Shape = fields("url sidecar transport weight priority region", {
  token: fields("envRef"),
  headers: fields("name value envRef"),
});

const absolute = /^https?:\/\/[^/?#@\\\s]+(?:\/[^?#\\\s]*)?$/i;
/** What a hop sets itself. */
const own: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "te",
  "trailer",
  "upgrade",
  "keep-alive",
  "dapr-api-token",
]);

function header(entry: FieldReader): HeaderSetting {
  const name = entry.required("name").toLowerCase();
  if (!isFieldName(name) || own.has(name)) entry.fail("name", "is no header that can be set");
  if (entry.has("value") === entry.has("envRef")) entry.fail("value", "or envRef is required, and not both");
  if (entry.has("envRef")) return { name, value: entry.variable("envRef") };
  const value = fieldValue(scalar(member(entry.fields, "value")));
  if (value === undefined) return entry.fail("value", "cannot be sent in a header");
  return { name, value };
}

/** One entry of `upstreams`, or what stands in its place at an app itself. */
export function upstream(entry: FieldReader): UpstreamSetting {
  if (entry.has("url") === entry.has("sidecar")) {
    entry.fail(
      "url",
      "or sidecar is required, and not both: the app itself, or the sidecar or gateway that knows it",
    );
  }
  const protocol = entry.has("url") ? "plain" : "sidecar";
  const field = entry.has("url") ? "url" : "sidecar";
  const url = entry.required(field);
  if (!absolute.test(url) || !URL.canParse(url)) {
    entry.fail(field, "must be http:// or https:// and a host, with a path at most");
  }
  const secure = /^https:/i.test(url);
  const transport = entry.text("transport") ?? (secure ? "outgoing" : "sockets");
  if (transport !== "sockets" && transport !== "outgoing")
    entry.fail("transport", "must be sockets or outgoing");
  if (secure && transport === "sockets") {
    entry.fail("transport", "must be outgoing for https://: the host's client speaks TLS");
  }
  if (protocol === "plain" && entry.has("token")) {
    entry.fail("token", "is of a sidecar; give an app what it expects under headers");
  }
  return {
    url,
    protocol,
    transport,
    token: entry.secret("token"),
    headers: entry.list("headers").map(header),
    weight: entry.whole("weight", 1, 0, 0xffff),
    priority: entry.whole("priority", 0, 0, 0xff),
    region: entry.text("region") ?? "",
  };
}
