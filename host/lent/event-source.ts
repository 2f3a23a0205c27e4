/** An event of a stream of server-sent events. */
export interface SentEvent {
  readonly id: string;
  readonly data: string;
}

/** The events of a body as they come, until the signal aborts; comments are passed over. */
export async function* sentEvents(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<SentEvent> {
  const reader = body.getReader();
  // Whatever the reader does with an event at that moment: who has gone has settled nothing.
  const leave = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", leave, { once: true });
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
      rest = blocks.pop() as string;
      for (const block of blocks) {
        const fields = new Map<string, string>();
        for (const line of block.split(/\r?\n/)) {
          const [, name, text] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
          if (name !== undefined && text !== undefined) fields.set(name, text);
        }
        const [id, data] = [fields.get("id"), fields.get("data")];
        if (id !== undefined && data !== undefined) yield { id, data };
      }
    }
  } finally {
    signal.removeEventListener("abort", leave);
    await reader.cancel().catch(() => undefined);
  }
}
