/** Bodies on web standards alone, for a page and for a runtime in this process. */

/** The bytes in two halves, 30 ms apart. */
export function inHalves(bytes: Uint8Array): ReadableStream<Uint8Array> {
  const half = bytes.byteLength >> 1;
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(bytes.subarray(0, half));
      await new Promise((resolve) => setTimeout(resolve, 30));
      controller.enqueue(bytes.subarray(half));
      controller.close();
    },
  });
}

/** All of a body, and the milliseconds between its first bytes and its end. */
export async function collect(response: Response): Promise<{ bytes: Uint8Array; spread: number }> {
  if (response.body === null) return { bytes: new Uint8Array(), spread: 0 };
  const chunks: Uint8Array[] = [];
  let first = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    if (chunks.length === 0) first = performance.now();
    chunks.push(value);
  }
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return { bytes, spread: chunks.length === 0 ? 0 : performance.now() - first };
}
