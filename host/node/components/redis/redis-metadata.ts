import {
  type Decoded,
  flag,
  integer,
  type MetadataSchema,
  milliseconds,
  text,
} from "../../../components/metadata-schema.ts";
import { ComponentError } from "../../../errors/component-error.ts";

/** The metadata that all components on Redis share, for the schema of each. */
export const redisMetadata = {
  redisHost: text.required("host:port of the server; the port is 6379 when left out."),
  redisUsername: text("User of the server's ACL.", ""),
  redisPassword: text("Password; empty for none.", ""),
  redisDB: integer("Number of the database.", 0),
  redisType: text("Only node.", "node"),
  enableTLS: flag(
    "Connect by TLS; the server's certificate is verified (NODE_EXTRA_CA_CERTS adds authorities).",
    false,
  ),
  clientCert: text("Client certificate in PEM, with clientKey."),
  clientKey: text("Key of clientCert in PEM."),
  dialTimeout: milliseconds("The longest that connecting may take; 0 or less: no limit.", 5_000),
  readTimeout: milliseconds("How long the server may say nothing to a request; 0 or less: no limit.", 3_000),
  redisMinRetryInterval: milliseconds("The first wait before connecting again; it doubles each time.", 8),
  redisMaxRetryInterval: milliseconds("The longest wait before connecting again.", 512),
  failover: flag("Sentinels: not available.", false),
  useEntraID: flag("Azure's identities: not available.", false),
} satisfies MetadataSchema;

export type RedisMetadata = Decoded<typeof redisMetadata>;

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** Where the metadata leads. Throws a ComponentError for what cannot be connected to. */
export function redisAddress(component: string, metadata: RedisMetadata): RedisAddress {
  const refuse = (field: string, why: string) => {
    throw new ComponentError("INVALID_ARGUMENT", `component ${component}: metadata field ${field}: ${why}`);
  };
  if (metadata.redisType.toLowerCase() !== "node") {
    refuse("redisType", "daprlet connects to a single server; use node, or a proxy before the cluster");
  }
  if (metadata.failover) refuse("failover", "daprlet asks no sentinels; give the server's own address");
  if (metadata.useEntraID) refuse("useEntraID", "daprlet signs in by redisUsername and redisPassword only");
  if (metadata.redisDB < 0) refuse("redisDB", "expected 0 or more");
  const parts = /^(?:\[([^\]]+)\]|([^:,\s]+))(?::(\d{1,5}))?$/.exec(metadata.redisHost.trim());
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3] ?? 6379);
  if (host === undefined || port < 1 || port > 65_535) {
    return refuse("redisHost", "expected the host:port of one server, such as localhost:6379") as never;
  }
  return { host, port };
}
