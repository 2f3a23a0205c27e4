import { reasonOf } from "../../errors/reason-of.ts";
import type { HttpEndpoint } from "../../http-endpoints.ts";
import { UnavailableError } from "../../mesh/transport.ts";
import { refuseCleartext } from "../../security/cleartext.ts";
import type { Sidecar } from "../../sidecar.ts";

/**
 * The sidecar of another app as a name resolver knows it; undefined where it knows none, and for the own app. Throws
 * UnavailableError where it would be called in clear text.
 */
export async function resolved(
  sidecar: Sidecar,
  appId: string,
  namespace: string,
): Promise<HttpEndpoint | undefined> {
  if (appId === sidecar.appId && namespace === sidecar.namespace) return undefined;
  for (const { component } of sidecar.components.nameresolution.values()) {
    const address = await component.resolve(appId, namespace);
    if (address === undefined) continue;
    const { url, apiToken, insecure } = address;
    try {
      refuseCleartext(`the sidecar of ${appId}`, url, insecure || sidecar.platform.allowCleartext);
    } catch (error) {
      throw new UnavailableError(reasonOf(error), { cause: error, sent: false });
    }
    return {
      baseUrl: `${url.replace(/\/+$/, "")}/v1.0/invoke/${encodeURIComponent(appId)}/method`,
      headers: new Map(apiToken === undefined ? [] : [["dapr-api-token", apiToken]]),
      connections: undefined,
    };
  }
  return undefined;
}
