import { type Body, withoutHeader } from "../../host/http.ts";
import { CALLER_HEADER, DOOR_HEADER, INTERNAL, type WireRequest, type WireResponse } from "../messages.ts";
import { eager, flatten, unflatten } from "../wire.ts";
import { unavailable } from "./unavailable.ts";
import type { WorkerDoorOptions } from "./worker-door.ts";

/** How long a streamed answer may pause before it is handed on as a stream. */
const PATIENCE_MS = 50;

/**
 * One call through a fetch event, which starts the worker where it was stopped. Rejects when the browser fails the
 * fetch, or a whole answer or the first bytes of a stream break off: then the same request may be sent again.
 */
export async function callByFetch(
  request: WireRequest,
  signal: AbortSignal | undefined,
  { registration, settings, fetch, clock }: WorkerDoorOptions,
): Promise<WireResponse> {
  const { method, path, query, headers, body } = request;
  const url = `${registration.scope}${INTERNAL}call${path}${query === "" ? "" : `?${query}`}`;
  const init: RequestInit & { duplex?: "half" } = {
    method,
    headers: unflatten([...headers, CALLER_HEADER, settings.appId]),
    cache: "no-store",
  };
  if (signal !== undefined) init.signal = signal;
  if (body !== undefined) {
    init.body = body as BodyInit;
    if (body instanceof ReadableStream) init.duplex = "half";
  }
  const response = await fetch(url, init);
  const door = response.headers.get(DOOR_HEADER);
  if (door === null) {
    return unavailable(
      "the service worker is gone and the request was answered by the network; reload the page",
    );
  }
  const kept = withoutHeader(flatten(response.headers), DOOR_HEADER);
  let read: Body;
  if (response.body !== null) {
    read = door.endsWith("stream")
      ? await eager(response.body, (pause) => clock.after(PATIENCE_MS, pause))
      : new Uint8Array(await response.arrayBuffer());
  }
  return { status: Number.parseInt(door, 10), headers: kept, body: read };
}
