import { type Fields, fail, isFields, member, type Place, scalar } from "../resources/fields.ts";

/** What of Dapr's resources a gateway has no part in, and what to do instead; all else is validated where it is read. */
const kinds: ReadonlyMap<string, string> = new Map([
  ["Subscription", "has no app to deliver to; subscribe in an app's sidecar"],
]);

const exporting = "is what a sidecar tells; leave it to those of the apps";

/** Sections of a Configuration, in lower case. */
const sections: ReadonlyMap<string, string> = new Map([
  ["tracing", exporting],
  ["metric", exporting],
  ["metrics", exporting],
  ["logging", exporting],
  [
    "apphttppipeline",
    "stands in front of a sidecar's own app, and a gateway has none; use httpPipeline, and onlyFor /v1.0/invoke/** in the middleware's metadata",
  ],
  ["nameresolution", "is not for a gateway, which is told where apps are: list them under apps"],
  ["features", "has nothing that a gateway could turn on; it is built anew to be changed"],
  ["wasm", "is not for a gateway"],
  ["workflow", "is not for a gateway"],
]);

/** The entries of a list that are mappings; what is wrong with the others is told where they are read. */
function entries(parent: unknown, name: string): readonly (readonly [number, Fields])[] {
  const value = isFields(parent) ? member(parent, name) : undefined;
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown, i) => (isFields(entry) ? [[i, entry] as const] : []));
}

/** Paths are compared in any case, and a gateway knows the cases of ASCII alone. */
function refuseOperations(spec: Fields, place: Place): void {
  for (const [i, policy] of entries(member(spec, "accessControl"), "policies")) {
    for (const [j, operation] of entries(policy, "operations")) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is not ASCII is looked for
      if (!/[^\u0000-\u007f]/.test(scalar(member(operation, "name")))) continue;
      const path = ["spec", "accessControl", "policies", i, "operations", j, "name"];
      fail(place, path, "has letters beyond ASCII, whose case a gateway does not know: write * for them");
    }
  }
}

function refuseSections(document: Fields, place: Place): void {
  const spec = member(document, "spec");
  if (!isFields(spec)) return;
  refuseOperations(spec, place);
  for (const [name, value] of Object.entries(spec)) {
    if (value === undefined || value === null) continue;
    const reason = sections.get(name.toLowerCase());
    if (reason !== undefined) fail(place, ["spec", name], reason);
    if (name.toLowerCase() === "mtls" && isFields(value) && member(value, "enabled") !== false) {
      fail(
        place,
        ["spec", name],
        "is not for a gateway: it reaches others by https://, with certificates of the host",
      );
    }
  }
}

/** A gateway has policies for what it calls itself: apps, and components of other sidecars. */
function refuseTargets(document: Fields, place: Place): void {
  const spec = member(document, "spec");
  const targets = isFields(spec) ? member(spec, "targets") : undefined;
  if (!isFields(targets)) return;
  for (const [name, value] of Object.entries(targets)) {
    if (!isFields(value) || Object.keys(value).length === 0 || name.toLowerCase() === "apps") continue;
    if (name.toLowerCase() === "components") {
      refuseInbound(value, place);
      continue;
    }
    fail(
      place,
      ["spec", "targets", name],
      "are not a gateway's to have policies for; leave them to the apps' sidecars",
    );
  }
}

function refuseInbound(components: Fields, place: Place): void {
  for (const [name, target] of Object.entries(components)) {
    if (!isFields(target) || (member(target, "inbound") ?? undefined) === undefined) continue;
    fail(
      place,
      ["spec", "targets", "components", name, "inbound"],
      "is not a gateway's, which has no app to deliver to; leave it to the apps' sidecars",
    );
  }
}

function refuseEndpoint(document: Fields, place: Place): void {
  const spec = member(document, "spec");
  if (isFields(spec) && (member(spec, "clientTLS") ?? undefined) !== undefined) {
    fail(
      place,
      ["spec", "clientTLS"],
      "cannot be used: a gateway's host has one set of certificates for all",
    );
  }
}

/** Throws ResourceError where a document of Dapr's asks for what a gateway does not do: nothing is passed over. */
export function refuseUnsupported(document: Fields, place: Place): void {
  const kind = scalar(member(document, "kind"));
  const reason = kinds.get(kind);
  if (reason !== undefined) fail(place, ["kind"], `is ${kind}, and a gateway ${reason}`);
  if (kind === "Configuration") refuseSections(document, place);
  if (kind === "Resiliency") refuseTargets(document, place);
  if (kind === "HTTPEndpoint") refuseEndpoint(document, place);
}
