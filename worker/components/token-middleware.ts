import { RE2JS } from "@bufbuild/re2";
import { createLocalJWKSet, errors, jwtVerify } from "jose";
import { bearerMiddleware } from "../../host/components/middleware/bearer.ts";
import type { MiddlewareDefinition } from "../../host/components/middleware/middleware.ts";
import { clientCredentialsMiddleware } from "../../host/components/middleware/oauth2clientcredentials.ts";

/** For workers that a site composes: `sw.js`, which every site loads, is without. */
export function bearer(): MiddlewareDefinition {
  return bearerMiddleware(async () => ({ createLocalJWKSet, errors, jwtVerify }));
}

/** As {@link bearer}. Every script of the site can read the client's secret then. */
export function clientCredentials(): MiddlewareDefinition {
  return clientCredentialsMiddleware(() => Promise.resolve(RE2JS));
}
