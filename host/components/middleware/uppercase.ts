import { type Body, withChanges, withoutHeader } from "../../http.ts";
import { defineMiddleware } from "./middleware.ts";

/** Character by character, as Dapr does: one that would become two (`ß`) stays. */
function upper(text: string): string {
  const whole = text.toUpperCase();
  if (whole.length === text.length) return whole;
  return Array.from(text, (character) => {
    const one = character.toUpperCase();
    return one.length === character.length ? one : character;
  }).join("");
}

function upperStream(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const encoder = new TextEncoder();
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        controller.enqueue(encoder.encode(upper(decoder.decode(chunk, { stream: true }))));
      },
      flush(controller) {
        const rest = decoder.decode();
        if (rest !== "") controller.enqueue(encoder.encode(rest));
      },
    }),
  );
}

/** What most bodies are, without a text in between; undefined where there is more than ASCII. */
function upperAscii(bytes: Uint8Array): Uint8Array | undefined {
  const capitals = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte > 127) return undefined;
    capitals[i] = byte >= 97 && byte <= 122 ? byte - 32 : byte;
  }
  return capitals;
}

function upperBytes(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  return new TextEncoder().encode(upper(text));
}

function upperBody(body: Exclude<Body, undefined>): Body {
  if (body instanceof ReadableStream) return upperStream(body);
  return upperAscii(body) ?? upperBytes(body);
}

/** A demonstration: the body of a request in capital letters. */
export const uppercaseMiddleware = defineMiddleware({
  type: "middleware.http.uppercase",
  version: "v1",
  summary: "Turns the body of a request into capital letters, as a demonstration.",
  metadata: {},
  features: [],
  open: () =>
    Promise.resolve({
      handle(request, next) {
        if (request.body === undefined) return next(request);
        const headers = withoutHeader(request.headers, "content-length");
        return next(withChanges(request, { headers, body: upperBody(request.body) }));
      },
      close: () => Promise.resolve(),
    }),
});
