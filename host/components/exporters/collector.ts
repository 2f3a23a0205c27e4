import { type Code, ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { type Platform, withDeadline } from "../../platform.ts";

export interface Collector {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** A way to one collector, open until it is closed. */
export interface CollectorConnection {
  /** Throws ComponentError. */
  send(body: Uint8Array): Promise<void>;
  close(): void;
}

/** An address as people write it, as a URL: the scheme and, where there is none, the path are filled in. */
export function collectorUrl(address: string, path: string, scheme = "http"): string {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `${scheme}://${address}`;
  if (!/^https?:/i.test(text) || !URL.canParse(text)) {
    throw new Error("expected the address of a collector, such as http://localhost:9411");
  }
  const url = new URL(text);
  if (url.pathname === "/") url.pathname = path;
  return url.href;
}

function codeOf(status: number): Code {
  if (status === 401) return "UNAUTHENTICATED";
  if (status === 403) return "PERMISSION_DENIED";
  return status >= 500 || status === 408 || status === 429 ? "UNAVAILABLE" : "INVALID_ARGUMENT";
}

/** Sends a batch to a collector. Throws ComponentError. */
export async function sendTo(
  { url, headers, timeoutMs }: Collector,
  platform: Platform,
  contentType: string,
  body: string | Uint8Array,
): Promise<void> {
  const { host } = new URL(url);
  const send = async (signal: AbortSignal) => {
    const response = await platform.fetch(url, {
      method: "POST",
      headers: { ...headers, "content-type": contentType },
      body: body as string | Uint8Array<ArrayBuffer>,
      credentials: "omit",
      // The headers hold keys, which must not follow where somebody else leads them.
      redirect: "error",
      signal,
    });
    await response.body?.cancel();
    if (!response.ok)
      throw new ComponentError(codeOf(response.status), `${host} answered ${response.status}`);
  };
  try {
    await withDeadline(platform.clock, timeoutMs, send, () => new Error(`no answer within ${timeoutMs} ms`));
  } catch (error) {
    if (error instanceof ComponentError) throw error;
    throw new ComponentError("UNAVAILABLE", `${host} cannot be reached: ${reasonOf(error)}`);
  }
}
