import type { Peer } from "../../mesh/transport.ts";

/**
 * What sidecars of one machine say to each other over their private sockets, beside the request itself. Only whoever
 * may enter the user's runtime folder reaches such a socket, so these headers are believed there, and nowhere else.
 */
export const words = {
  /**
   * `<namespace>/<app id>` of the caller, each percent-encoded, and `/<trust domain>` where it is of another than the
   * usual. Its absence marks a request of the CLI.
   */
  caller: "daprlet-caller",
  /** `<namespace>/<app id>` that the caller means; answered with {@link unreachable} when it is another. */
  callee: "daprlet-callee",
  /** On an answer: no answer of the app, but why there is none. `instance`, `app` or `app-lost`; the body says it. */
  unreachable: "daprlet-unreachable",
} as const;

export type Unreachable = "instance" | "app" | "app-lost";

export function identity(namespace: string, appId: string, trustDomain?: string): string {
  const names = trustDomain === undefined ? [namespace, appId] : [namespace, appId, trustDomain];
  return names.map(encodeURIComponent).join("/");
}

export function parseIdentity(text: string): Peer | undefined {
  const [namespace, appId, trustDomain, ...rest] = text.split("/");
  if (!namespace || !appId || trustDomain === "" || rest.length > 0) return undefined;
  try {
    return {
      namespace: decodeURIComponent(namespace),
      appId: decodeURIComponent(appId),
      ...(trustDomain !== undefined && { trustDomain: decodeURIComponent(trustDomain) }),
    };
  } catch {
    return undefined;
  }
}
