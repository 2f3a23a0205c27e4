import type { Asked, Fields } from "./guest.ts";

interface Kept {
  readonly value: string;
  readonly etag: string;
  readonly ttl: string | undefined;
}

/** A host's side of a guest's state calls, in memory. */
export class StateCalls {
  /** By `store/key`. */
  readonly items = new Map<string, Kept>();
  /** As one whose package was granted nothing. */
  refuses = false;
  calls = 0;
  /** What others do before a call takes effect. */
  before: ((call: string) => void) | undefined;
  #version = 0;

  readonly perform = ({ call, fields, body }: Asked): Fields => {
    this.calls++;
    if (this.refuses) {
      return [
        [":status", "403"],
        [":error", "ERR_CAPABILITY_NOT_GRANTED"],
        [":body", "not granted"],
      ];
    }
    this.before?.(call);
    const key = `${fields.get("store")}/${fields.get("key")}`;
    const kept = this.items.get(key);
    if (call === "state.get") {
      if (kept === undefined) return [[":status", "204"]];
      return [
        [":status", "200"],
        [":body", kept.value],
        ["etag", kept.etag],
      ];
    }
    if (call === "state.scan") return this.#scan(fields);
    if (call === "state.transaction") return this.#transaction(fields.get("store") ?? "", body);
    if (call !== "state.set" && call !== "state.delete") throw new Error(`${call} was not expected`);
    const etag = fields.get("etag");
    if (etag !== undefined && etag !== kept?.etag) {
      return [
        [":status", "409"],
        [":error", "ERR_STATE_SAVE"],
        [":body", "another ETag is stored"],
      ];
    }
    if (call === "state.delete") this.items.delete(key);
    else {
      const value = new TextDecoder("utf-8", { fatal: true }).decode(body);
      JSON.parse(value);
      this.items.set(key, { value, etag: String(++this.#version), ttl: fields.get("ttl") });
    }
    return [[":status", "204"]];
  };

  /** In the order of keys; the token is the last one. */
  #scan(fields: ReadonlyMap<string, string>): Fields {
    const begin = `${fields.get("store")}/${fields.get("prefix")}`;
    const [limit, after] = [Number(fields.get("limit")), fields.get("token") ?? ""];
    const keys = [...this.items.keys()].filter((key) => key.startsWith(begin) && key > after).sort();
    const page = keys.slice(0, limit).map((key) => [key, this.items.get(key) as Kept] as const);
    const bytes = page.reduce((sum, [key, { value }]) => sum + key.length + value.length, 0);
    if (limit > 1 && bytes > 2 << 20) {
      return [
        [":status", "500"],
        [":error", "ERR_CAPABILITY_RESULT"],
      ];
    }
    return [
      [":status", "200"],
      ...(keys.length > limit ? [["token", page.at(-1)?.[0] ?? ""] as const] : []),
      ...page.flatMap(
        ([key, { value, etag }]): Fields => [
          [":item", key.slice((fields.get("store")?.length ?? 0) + 1)],
          ["etag", etag],
          [":body", value],
        ],
      ),
    ];
  }

  /** All or nothing, each ETag compared. */
  #transaction(store: string, body: Uint8Array): Fields {
    const { operations } = JSON.parse(new TextDecoder().decode(body)) as {
      operations: {
        operation: "upsert" | "delete";
        request: { key: string; value?: unknown; etag?: string };
      }[];
    };
    const conflict = operations.some(
      ({ request: { key, etag } }) => this.items.get(`${store}/${key}`)?.etag !== etag,
    );
    if (conflict)
      return [
        [":status", "500"],
        [":error", "ERR_STATE_TRANSACTION"],
        [":body", "ETag mismatch"],
      ];
    for (const { operation, request } of operations) {
      const key = `${store}/${request.key}`;
      if (operation === "delete") this.items.delete(key);
      else {
        const value = JSON.stringify(request.value);
        this.items.set(key, { value, etag: String(++this.#version), ttl: undefined });
      }
    }
    return [[":status", "204"]];
  }
}
