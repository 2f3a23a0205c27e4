const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** A value as Dapr's table has it: text as it is, anything else in base64 and marked so. */
export interface SqliteValue {
  readonly text: string;
  readonly isBinary: 0 | 1;
}

export function toSqlite(value: Uint8Array): SqliteValue {
  try {
    const text = decoder.decode(value);
    // SQLite's text functions, and bindings that read it, end at a NUL.
    if (!text.includes("\0")) return { text, isBinary: 0 };
  } catch {
    // Not UTF-8.
  }
  return {
    text: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64"),
    isBinary: 1,
  };
}

/** The bytes of a row, also of one that another process stored as a BLOB. */
export function fromSqlite(value: unknown, isBinary: unknown): Uint8Array {
  if (typeof value === "string") {
    return isBinary === 1 ? new Uint8Array(Buffer.from(value, "base64")) : encoder.encode(value);
  }
  if (value instanceof Uint8Array) return new Uint8Array(value);
  return encoder.encode(String(value));
}

/** A moment as SQLite's `CURRENT_TIMESTAMP` writes it, with milliseconds: it sorts among those without. */
export function toTimestamp(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}`;
}

/** Milliseconds since the epoch; undefined for none, and for what is not a timestamp. */
export function fromTimestamp(text: unknown): number | undefined {
  if (typeof text !== "string") return undefined;
  const ms = Date.parse(/[zZ]$|[+-]\d\d:?\d\d$/.test(text) ? text : `${text.replace(" ", "T")}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}
