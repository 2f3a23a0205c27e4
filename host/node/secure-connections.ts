import { constants, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { withChanges, withoutHeader } from "../http.ts";
import type { ClientTls, Connections } from "../platform.ts";
import { exchange } from "./exchange.ts";
import { openPool } from "./open-pool.ts";

const nothing = () => undefined;

/** Connections to `https://host` with a client's own certificates. Throws when they cannot be used. */
export function secureConnections(origin: string, tls: ClientTls): Connections {
  const { rootCA, certificate, privateKey, renegotiation } = tls;
  // OpenSSL passes over what is no certificate among those to be believed.
  if (rootCA !== undefined) new X509Certificate(rootCA);
  const secureContext = createSecureContext({
    ...(rootCA !== undefined && { ca: rootCA }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(privateKey !== undefined && { key: privateKey }),
    ...(!renegotiation && { secureOptions: constants.SSL_OP_NO_RENEGOTIATION }),
  });
  const pool = openPool(origin, {
    headersTimeout: 0,
    bodyTimeout: 0,
    // A context of one's own is what `tls.connect` takes; undici's types leave it out.
    connect: { secureContext } as object,
  });
  return {
    async request(request) {
      const headers = withoutHeader(request.headers, "host");
      return await exchange(pool, origin, withChanges(request, { headers }), headers, nothing);
    },
    close: () => pool.close(),
  };
}
