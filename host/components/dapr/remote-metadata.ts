import { ComponentError } from "../../errors/component-error.ts";
import { duration, text } from "../metadata-schema.ts";

/** Metadata of every component that is a block of another sidecar. */
export const remoteMetadata = {
  url: text.required(
    "The other sidecar's address, such as http://localhost:3501: daprlet on Node, or daprd.",
  ),
  token: text("What it asks for in dapr-api-token; best by secretKeyRef."),
  component: text("The component's name there. Left out: this one's own."),
  timeout: duration("How long one call may take.", 30_000),
};

/** Of the components whose calls may be made later. */
export const offlineMetadata = {
  offline: text(
    "queue: what is written while the sidecar cannot be reached is kept, and sent in order once it can be. In a page only.",
  ),
};

export interface RemoteOptions {
  readonly url: string;
  readonly token: string | undefined;
  readonly component: string | undefined;
  readonly timeout: number | undefined;
}

/** The duration in milliseconds. Throws a ComponentError where it is not above zero. */
export function positive(component: string, field: string, ms: number): number {
  if (ms > 0) return ms;
  throw new ComponentError(
    "INVALID_ARGUMENT",
    `component ${component}: metadata field ${field}: expected a duration above zero`,
  );
}

/** The address without a slash at its end. Throws a ComponentError that names the component. */
export function remoteAddress(component: string, url: string): string {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url);
  } catch {
    // Said below.
  }
  const fit =
    parsed !== undefined &&
    /^https?:$/.test(parsed.protocol) &&
    `${parsed.username}${parsed.password}${parsed.search}${parsed.hash}` === "";
  if (parsed !== undefined && fit) return parsed.href.replace(/\/+$/, "");
  throw new ComponentError(
    "INVALID_ARGUMENT",
    `component ${component}: metadata field url: expected an address such as http://localhost:3501, without credentials (they belong in token) and query`,
  );
}
