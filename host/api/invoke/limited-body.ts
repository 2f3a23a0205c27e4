import { type Body, BodyTooLargeError } from "../../http.ts";

/** The same body, failing with {@link BodyTooLargeError} once more than `limit` bytes came. */
export function limitedBody(body: Body, limit: number): Body {
  if (body === undefined) return undefined;
  if (body instanceof Uint8Array) {
    if (body.byteLength > limit) throw new BodyTooLargeError(limit);
    return body;
  }
  let size = 0;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.byteLength;
        if (size > limit) throw new BodyTooLargeError(limit);
        controller.enqueue(chunk);
      },
    }),
  );
}
