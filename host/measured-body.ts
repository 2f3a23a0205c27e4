import type { Body } from "./http.ts";

/**
 * The body, with `ended` called once with the number of its bytes: at once for what is whole, else when the stream has
 * been read, given up or broken off.
 */
export function measuredBody(body: Body, ended: (bytes: number) => void): Body {
  if (body === undefined || body instanceof Uint8Array) {
    ended(body?.byteLength ?? 0);
    return body;
  }
  const reader = body.getReader();
  let bytes = 0;
  let over = false;
  const end = () => {
    if (!over) ended(bytes);
    over = true;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (over) return; // given up while this was read
          if (done) {
            end();
            controller.close();
            return;
          }
          bytes += value.byteLength;
          controller.enqueue(value);
        } catch (error) {
          end();
          controller.error(error);
        }
      },
      async cancel(reason) {
        end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
