import type { Body, Headers } from "../host/http.ts";
import { joinBytes } from "../host/join-bytes.ts";

/**
 * Posts a message around a request or an answer. Bytes are copied, streams are transferred; where the browser
 * transfers none, they are read first and `broken` is told when that fails.
 */
export function postWith<T extends { readonly body: Body }>(
  port: MessagePort,
  head: T,
  message: (whole: T) => unknown,
  broken: (error: unknown) => void,
): void {
  const { body } = head;
  if (body instanceof ReadableStream) {
    try {
      port.postMessage(message(head), [body as ReadableStream<Uint8Array> & Transferable]);
    } catch {
      new Response(body)
        .arrayBuffer()
        .then((bytes) => port.postMessage(message({ ...head, body: new Uint8Array(bytes) })), broken);
    }
    return;
  }
  const own = detached(body);
  port.postMessage(message(own === body ? head : { ...head, body: own }));
}

/**
 * The same bytes in a buffer of their own length: a window on a larger buffer would be posted with all of it. Streams
 * are left as they are.
 */
export function detached(body: Body): Body {
  return body instanceof Uint8Array && body.byteLength !== body.buffer.byteLength ? body.slice() : body;
}

/** In place of an answer whose stream broke while it was read. */
export function brokenAnswer(): { readonly status: number; readonly headers: Headers; readonly body: Body } {
  return { status: 502, headers: [], body: undefined };
}

/** Headers of a fetch-style object as the runtime's flat list; the platform has lower-cased their names. */
export function flatten(headers: globalThis.Headers): string[] {
  const list: string[] = [];
  headers.forEach((value, name) => {
    list.push(name, value);
  });
  return list;
}

/** The inverse of {@link flatten}. Throws a TypeError for a name or value that HTTP does not allow. */
export function unflatten(list: Headers): globalThis.Headers {
  const headers = new Headers();
  for (let i = 0; i < list.length; i += 2) headers.append(list[i] as string, list[i + 1] as string);
  return headers;
}

/** Statuses whose answers have no body: constructing a Response with one would throw. */
export function bodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304 || status < 200;
}

const EAGER_BYTES = 256 * 1024;

/**
 * A body as bytes when it ends within `EAGER_BYTES` and without a pause longer than twice the `patience`, else as a
 * stream of the same bytes. Whole bytes are cheaper to hand on and may be sent again.
 */
export async function eager(
  stream: ReadableStream<Uint8Array>,
  patience: (pause: () => void) => () => void,
): Promise<Body> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  let slow = false;
  let paused: (() => void) | undefined;
  const pause = new Promise<"paused">((resolve) => {
    paused = () => {
      slow = true;
      resolve("paused");
    };
  });
  // Twice, because the first timer of a busy thread runs before what it has waiting.
  let cancel = patience(() => {
    cancel = patience(() => paused?.());
  });
  let pending: ReturnType<typeof reader.read> | undefined;
  while (!slow && size < EAGER_BYTES) {
    pending = reader.read();
    const next = await Promise.race([pending, pause]);
    if (next === "paused") break;
    pending = undefined;
    if (next.done) {
      cancel();
      return joined(chunks);
    }
    chunks.push(next.value);
    size += next.value.byteLength;
  }
  cancel();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const first = chunks.shift();
      if (first !== undefined) return controller.enqueue(first);
      const { done, value } = await (pending ?? reader.read());
      pending = undefined;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function joined(chunks: readonly Uint8Array[]): Uint8Array | undefined {
  const only = chunks[0];
  if (only === undefined) return undefined;
  if (chunks.length === 1) return only;
  return joinBytes(chunks);
}
