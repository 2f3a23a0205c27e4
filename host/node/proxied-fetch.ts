import type { Platform } from "../platform.ts";
import type { Environment } from "../resources/value-entries.ts";
import { isLoopback } from "../security/cleartext.ts";

/**
 * `fetch` by way of the proxies that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name, in either case, for what a sidecar
 * calls outside; undefined where they name none. What runs on this machine is never asked for by a proxy. The library is
 * loaded with the first call.
 */
export function proxiedFetch(environment: Environment): Platform["fetch"] | undefined {
  const value = (name: string) => environment(name.toLowerCase()) || environment(name) || "";
  const httpProxy = value("HTTP_PROXY");
  const httpsProxy = value("HTTPS_PROXY");
  if (httpProxy === "" && httpsProxy === "") return undefined;
  const noProxy = value("NO_PROXY");
  let loading: Promise<Platform["fetch"]> | undefined;
  return async (input, init) => {
    if (isLoopback(new URL(input).hostname)) return await fetch(input, init);
    loading ??= import("undici").then(({ fetch, EnvHttpProxyAgent }) => {
      const dispatcher = new EnvHttpProxyAgent({ httpProxy, httpsProxy, noProxy });
      const proxied = fetch as unknown as (input: string, init: object) => Promise<Response>;
      return (to, options) => proxied(to, { ...options, dispatcher });
    });
    return await (await loading)(input, init);
  };
}
