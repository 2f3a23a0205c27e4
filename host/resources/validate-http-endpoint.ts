import { isFieldName } from "../header-field.ts";
import type { SecretKeyRef } from "./component.ts";
import {
  type Fields,
  fail,
  isFields,
  member,
  optionalText,
  type Place,
  requiredText,
  resourceName,
  section,
  texts,
} from "./fields.ts";
import type { ClientTlsResource, HttpEndpointResource } from "./http-endpoint.ts";
import { type Environment, secretKeyRef, secretStore, valueEntries } from "./value-entries.ts";

const absolute = /^https?:\/\/[^/?#@\\\s]+(?:\/[^?#\\\s]*)?$/i;
/** What the hop frames a request with, and no resource can set. */
const framing: ReadonlySet<string> = new Set(["host", "content-length", "transfer-encoding", "connection"]);

function baseUrl(spec: Fields, place: Place): string {
  const path = ["spec", "baseUrl"];
  const url = requiredText(member(spec, "baseUrl"), place, path);
  if (!absolute.test(url) || !URL.canParse(url)) {
    fail(place, path, "must be http:// or https:// and a host, with a path at most");
  }
  return url;
}

function headers(spec: Fields, place: Place, environment: Environment) {
  const path = ["spec", "headers"];
  const { values, secretKeyRefs } = valueEntries(member(spec, "headers"), place, path, environment);
  const found = new Map<string, string>();
  const named = (name: string) => {
    const lower = name.toLowerCase();
    if (!isFieldName(name) || framing.has(lower)) fail(place, path, `has ${name}, which cannot be set`);
    return lower;
  };
  for (const [name, value] of values) found.set(named(name), value);
  const refs = secretKeyRefs.map((ref): SecretKeyRef => ({ ...ref, field: `headers.${named(ref.field)}` }));
  return { headers: found, refs };
}

function clientTls(spec: Fields, place: Place) {
  const refs: SecretKeyRef[] = [];
  const given = member(spec, "clientTLS");
  if (given === undefined || given === null) return { tls: undefined, refs };
  const path = ["spec", "clientTLS"];
  if (!isFields(given)) fail(place, path, "must be a mapping with rootCA, certificate, privateKey");
  const values = new Map<string, string>();
  for (const name of ["rootCA", "certificate", "privateKey"]) {
    const document = member(given, name);
    if (document === undefined || document === null) continue;
    if (!isFields(document)) fail(place, [...path, name], "must be a mapping with value or secretKeyRef");
    const value = optionalText(member(document, "value"), place, [...path, name, "value"]);
    const ref = member(document, "secretKeyRef");
    if (value) values.set(name, value);
    else if (isFields(ref)) {
      refs.push(secretKeyRef(ref, `clientTLS.${name}`, place, [...path, name, "secretKeyRef"]));
    } else fail(place, [...path, name], "needs a value (PEM) or a secretKeyRef");
  }
  const has = (name: string) => values.has(name) || refs.some(({ field }) => field === `clientTLS.${name}`);
  if (has("certificate") !== has("privateKey")) {
    fail(place, path, "has only one of certificate and privateKey; a server asks for both");
  }
  const at = [...path, "renegotiation"];
  const renegotiation = optionalText(member(given, "renegotiation"), place, at) || "Never";
  if (renegotiation === "OnceAsClient") {
    fail(place, at, "cannot be OnceAsClient: handshakes are not counted; use Never or FreelyAsClient");
  }
  if (renegotiation !== "Never" && renegotiation !== "FreelyAsClient") {
    fail(place, at, "must be Never or FreelyAsClient");
  }
  const tls: ClientTlsResource = { values, renegotiation: renegotiation !== "Never" };
  return { tls, refs };
}

/** A document of `kind: HTTPEndpoint`, validated. Throws ResourceError. */
export function validateHttpEndpoint(
  document: Fields,
  place: Place,
  environment: Environment = () => undefined,
): HttpEndpointResource {
  const head = section(document, "metadata", place);
  const spec = section(document, "spec", place);
  const sent = headers(spec, place, environment);
  const { tls, refs } = clientTls(spec, place);
  const url = baseUrl(spec, place);
  if (tls !== undefined && !/^https:/i.test(url)) {
    fail(place, ["spec", "baseUrl"], "must be https:// where clientTLS is given");
  }
  return {
    name: resourceName(head, place),
    namespace: optionalText(member(head, "namespace"), place, ["metadata", "namespace"]),
    baseUrl: url,
    headers: sent.headers,
    clientTls: tls,
    secretKeyRefs: [...sent.refs, ...refs],
    secretStore: secretStore(document, place),
    scopes: texts(member(document, "scopes"), place, ["scopes"]),
    origin: place.origin,
  };
}
