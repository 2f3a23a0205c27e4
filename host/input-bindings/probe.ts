import { type AppChannel, AppUnreachableError } from "../channel/app-channel.ts";
import type { Sidecar } from "../sidecar.ts";

/** How long the app may take to say whether it wants a binding's events. */
const usualProbeMs = 3_000;

/**
 * Whether the app wants the events of a binding: `OPTIONS` at its route, which 2xx and 405 answer with yes. Throws
 * AppUnreachableError while it gives no answer.
 */
export async function wantsEvents(
  app: AppChannel,
  { path, query }: { readonly path: string; readonly query: string },
  { platform, asking: { bindingProbeMs: probeMs = usualProbeMs } }: Sidecar,
  signal: AbortSignal,
): Promise<boolean> {
  const call = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    call.signal.addEventListener("abort", () => reject(call.signal.reason), { once: true });
  });
  const end = () => call.abort(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  const cancel = platform.clock.after(probeMs, () =>
    call.abort(new AppUnreachableError(`OPTIONS ${path} was not answered within ${probeMs} ms`)),
  );
  try {
    signal.throwIfAborted();
    const answer = app.invoke({
      method: "OPTIONS",
      path,
      query,
      headers: ["content-type", "application/json"],
      body: undefined,
      signal: call.signal,
    });
    // An app within this process may never look at the signal.
    const { status, body } = await Promise.race([answer, aborted]);
    if (body instanceof ReadableStream) await body.cancel();
    return (status >= 200 && status < 300) || status === 405;
  } catch (error) {
    // Channels word an abort in their own way.
    throw call.signal.aborted ? call.signal.reason : error;
  } finally {
    cancel();
    signal.removeEventListener("abort", end);
  }
}
