import { header, type RuntimeRequest } from "../../http.ts";
import type { Call } from "../endpoint.ts";

/** Where an invocation goes. `method` is the normal form of the path at the callee, without its leading slash. */
export interface Target {
  /** As the caller wrote it, for messages. */
  readonly id: string;
  readonly method: string;
}

export type Destination =
  | { readonly kind: "app"; readonly appId: string; readonly namespace: string }
  | { readonly kind: "external"; readonly base: string }
  | { readonly kind: "invalid" };

const basic = /^Basic +([A-Za-z0-9+/=_-]+) *$/i;

function appIdOfCredentials(authorization: string | undefined): string | undefined {
  const encoded = authorization === undefined ? undefined : basic.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  let decoded: string;
  try {
    decoded = atob(encoded);
  } catch {
    return undefined;
  }
  const [name, id, ...rest] = decoded.split(":");
  return name?.toLowerCase() === "dapr-app-id" && rest.length === 0 ? id : undefined;
}

/**
 * The app a call addresses, in Dapr's order: the header `dapr-app-id`, Basic credentials of that name (both with the
 * whole path as the method), then the path's own form. Undefined when it addresses none.
 */
export function addressed(call: Pick<Call, "request" | "params" | "path">): Target | undefined {
  const { headers } = call.request;
  const named = header(headers, "dapr-app-id") || appIdOfCredentials(header(headers, "authorization"));
  if (named) return { id: named, method: call.path };
  const [id, method] = call.params;
  return id ? { id, method: method ?? "" } : undefined;
}

const invokePath = /^\/+v1\.0\/+invoke\/+([^/].*?)\/method(?:\/|$)/;

/** The app id of a call whose path is refused, as far as it can be told, for the message. */
export function writtenTarget({ headers, path }: RuntimeRequest): string {
  const named = header(headers, "dapr-app-id") || appIdOfCredentials(header(headers, "authorization"));
  return named || (invokePath.exec(path)?.[1] ?? "");
}

const absolute = /^https?:\/\/[^/?#@\\]+(?:\/[^?#\\]*)?$/i;

/** `app`, `app.namespace`, or an absolute URL. Three parts and more are no app id, since app ids have no dots. */
export function destination(id: string, ownNamespace: string): Destination {
  if (id.includes("://")) return absolute.test(id) ? { kind: "external", base: id } : { kind: "invalid" };
  const [appId, namespace, ...rest] = id.split(".");
  if (!appId || rest.length > 0) return { kind: "invalid" };
  return { kind: "app", appId, namespace: namespace || ownNamespace };
}

const plain = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/]*$/;

/**
 * A normal form as a path on the wire. A percent sign is encoded too, so that decoding once gives the very form
 * that was authorised.
 */
export function encodeMethod(method: string): string {
  return plain.test(method) ? `/${method}` : `/${encodeURI(method)}`;
}
