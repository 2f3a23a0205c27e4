import type { MiddlewareDefinition } from "../../host/components/middleware/middleware.ts";
import { opaMiddleware, type PolicyHost } from "../../host/components/middleware/opa.ts";
import { reasonOf } from "../../host/errors/reason-of.ts";

const policyHost: PolicyHost = {
  async read(file, { origin, fetch }) {
    const { href } = new URL(file, origin);
    const response = await fetch(href).catch((error: unknown) => {
      throw new Error(`${href} cannot be read: ${reasonOf(error)}`);
    });
    if (!response.ok) throw new Error(`${href} cannot be read: it answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  },
  compile: () => Promise.reject(new Error("a page has no compiler for the source of a policy")),
  // Part of the script, and not run before a policy is there.
  library: () => import("@open-policy-agent/opa-wasm"),
};

/** For workers that a site composes: `sw.js`, which every site loads, is without. Takes policies that have been compiled. */
export function opa(): MiddlewareDefinition {
  return opaMiddleware(policyHost);
}
