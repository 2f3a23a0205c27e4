import type { Peer } from "../../mesh/transport.ts";

/**
 * How a sidecar asks another one, over its private socket, to take calls: by an upgrade to this protocol, after which
 * both speak frames (`host/mesh/relay-protocol.ts`), each after its length. Calls travel as `invoke` and come back as
 * `answer`; both sides number them from 1. `leave` from the callee asks for no more of them.
 */
export const callProtocol = "daprlet.machine.v1";

/**
 * The header fields of that upgrade. Only whoever may enter the user's runtime folder reaches such a socket, so they are
 * believed there, and nowhere else.
 */
export const words = {
  /**
   * `<namespace>/<app id>` of the caller, each percent-encoded, and `/<trust domain>` where it is of another than the
   * usual.
   */
  caller: "daprlet-caller",
  /** `<namespace>/<app id>` that the caller means; refused when it is another. */
  callee: "daprlet-callee",
} as const;

/** Bytes of a body that travel with the call, and reach the app with their length; more come as a stream. */
export const wholeUpTo = 1 << 20;

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
