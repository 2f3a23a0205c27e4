/** The fields of one server-sent event by name, the last of each; `data` is all of its lines. */
export type EventFields = ReadonlyMap<string, string>;

/**
 * The events of a `text/event-stream`, until it or the signal ends it; rejects when it breaks off. `touched` is called
 * for whatever comes, comments included.
 */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
  touched: () => void = () => {},
): AsyncGenerator<EventFields> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  /** The beginning of a line whose end is to come, in pieces: a long one is looked at once. */
  let held: string[] = [];
  /** Half of a line's end, perhaps. */
  let carry = "";
  let fields = new Map<string, string>();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      touched();
      let text = carry + decoder.decode(value, { stream: true });
      carry = text.endsWith("\r") ? "\r" : "";
      if (carry !== "") text = text.slice(0, -1);
      const lines = text.split(/\r\n|\n|\r/);
      held.push(lines.pop() as string);
      for (const [i, rest] of lines.entries()) {
        let line = rest;
        if (i === 0) {
          const last = held.pop() as string;
          line = held.join("") + rest;
          held = [last];
        }
        if (line !== "") add(fields, line);
        else if (fields.size > 0) {
          yield fields;
          fields = new Map();
        }
      }
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}

function add(fields: Map<string, string>, line: string): void {
  const colon = line.indexOf(":");
  if (colon === 0) return;
  const name = colon < 0 ? line : line.slice(0, colon);
  const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  const before = name === "data" ? fields.get(name) : undefined;
  fields.set(name, before === undefined ? text : `${before}\n${text}`);
}
