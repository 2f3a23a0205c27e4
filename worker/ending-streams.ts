/** Streams that were handed to another side: a stream that was transferred says nothing when that side is gone. */
export class EndingStreams {
  readonly #ends = new Set<() => void>();

  /** The same bytes, until they end or {@link end} is called. */
  add(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = stream.getReader();
    const end = () => void reader.cancel().catch(() => undefined);
    this.#ends.add(end);
    return new ReadableStream({
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        this.#ends.delete(end);
        controller.close();
      },
      cancel: (reason) => {
        this.#ends.delete(end);
        return reader.cancel(reason);
      },
    });
  }

  /** Lets go of all that nobody reads any more: what makes the bytes is told. */
  end(): void {
    for (const end of this.#ends) end();
    this.#ends.clear();
  }
}
