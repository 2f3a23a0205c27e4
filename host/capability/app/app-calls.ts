import { fieldValue, isFieldName } from "../../header-field.ts";
import { hopByHop } from "../../hop-by-hop.ts";
import { CallRefused } from "../call-refused.ts";
import type { CallRules } from "../host-calls.ts";
import { type ApiCall, apiCalls, methodOf } from "../host-requests.ts";
import { fieldOf, type MessageField, textOf } from "../message.ts";
import { noNeeds } from "../read-needs.ts";
import { stateScan } from "../state-scan.ts";

type Call = readonly MessageField[];

/** A path of the API: no dot segments, and nothing that is no path. */
const apiPath = /^\/v\d[!$&'()*+,\-./:;=@\w~%]*$/;

/** Any request of the sidecar's API, as an app that has a network makes it. */
function sidecarCall(call: Call): ApiCall {
  const [path = "", query = ""] = (textOf(call, "path") ?? "").split(/\?(.*)/s);
  if (!apiPath.test(path) || path.split("/").some((part) => /^\.{1,2}$/.test(part)))
    throw new CallRefused(400, "path is no path of the sidecar's API, such as /v1.0/metadata");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what it looks for
  if (/[\u0000-\u0020\u007f#]/.test(query)) throw new CallRefused(400, "path has a query that is none");
  const headers: string[] = [];
  for (const [name] of call) {
    if (name.startsWith(":") || name === "path" || hopByHop.has(name)) continue;
    const value = fieldValue(textOf(call, name) ?? "");
    if (!isFieldName(name) || value === undefined) throw new CallRefused(400, "a header of the call is none");
    headers.push(name.toLowerCase(), value);
  }
  const body = fieldOf(call, ":body");
  return {
    method: methodOf(call),
    path,
    query,
    headers,
    ...(body !== undefined && { body }),
    tells: "all",
  };
}

/**
 * What an app may ask for: whatever an app may, since the sidecar is its own. Only what leaves it was to be granted.
 */
export function appRules(fetch: readonly string[]): CallRules {
  return {
    builds: new Map([...apiCalls, ["state.scan", stateScan], ["sidecar", sidecarCall]]),
    granted: (call) => {
      const named = (name: string) => textOf(call, name) ?? "";
      return {
        ...noNeeds,
        state: [{ store: named("store"), access: "write", keys: "", prepared: [] }],
        publish: [{ pubsub: named("pubsub"), topics: [named("topic")] }],
        invoke: [{ app: named("app"), methods: undefined }],
        fetch,
      };
    },
  };
}
