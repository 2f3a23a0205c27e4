import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { Collector, CollectorConnection } from "../../components/exporters/collector.ts";
import { type Code, ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { type Platform, withDeadline } from "../../platform.ts";
import { isLoopback } from "../../security/cleartext.ts";

const method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/** Where a server says when it will take what it had no room for; without, it never will (OTLP, "Failures"). */
const detailsHeader = "grpc-status-details-bin";

/** What a server says of itself goes into the log. */
const longestReason = 200;

const refusals = new Map<status, Code>([
  [status.INVALID_ARGUMENT, "INVALID_ARGUMENT"],
  [status.FAILED_PRECONDITION, "INVALID_ARGUMENT"],
  [status.NOT_FOUND, "INVALID_ARGUMENT"],
  [status.PERMISSION_DENIED, "PERMISSION_DENIED"],
  [status.UNAUTHENTICATED, "UNAUTHENTICATED"],
  [status.UNIMPLEMENTED, "UNIMPLEMENTED"],
]);

function codeOf({ code, metadata }: ServiceError): Code {
  if (code === status.RESOURCE_EXHAUSTED && metadata?.get(detailsHeader).length === 0)
    return "INVALID_ARGUMENT";
  return refusals.get(code) ?? "UNAVAILABLE";
}

function metadataOf(headers: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) {
    try {
      metadata.set(name, value);
    } catch {
      throw new Error(`${name} cannot be sent over gRPC, which takes text in ASCII only`);
    }
  }
  return metadata;
}

/** OTLP over gRPC. One connection, made with the first batch, and again where it was lost. Throws where a header cannot be sent. */
export function grpcConnection(
  { url, headers, timeoutMs }: Collector,
  { clock }: Platform,
): CollectorConnection {
  const metadata = metadataOf(headers);
  const { protocol, hostname, port, host } = new URL(url);
  const secure = protocol === "https:";
  // A URL leaves out the port that its scheme has.
  const client = new Client(
    `${hostname}:${port || (secure ? 443 : 80)}`,
    secure ? credentials.createSsl() : credentials.createInsecure(),
    // As with HTTP, a proxy is not asked for what is on this machine.
    { "grpc.enable_http_proxy": isLoopback(hostname) ? 0 : 1 },
  );
  const send = (body: Uint8Array, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const call = client.makeUnaryRequest(
        method,
        (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        () => undefined,
        body,
        metadata,
        (error) => {
          if (error === null) resolve();
          else
            reject(
              new ComponentError(
                codeOf(error),
                `${host}: ${status[error.code]}: ${error.details.slice(0, longestReason)}`,
              ),
            );
        },
      );
      signal.addEventListener("abort", () => call.cancel(), { once: true });
    });
  return {
    async send(body) {
      const late = () => new Error(`no answer within ${timeoutMs} ms`);
      try {
        await withDeadline(clock, timeoutMs, (signal) => send(body, signal), late);
      } catch (error) {
        if (error instanceof ComponentError) throw error;
        throw new ComponentError("UNAVAILABLE", `${host} cannot be reached: ${reasonOf(error)}`);
      }
    },
    close: () => client.close(),
  };
}
