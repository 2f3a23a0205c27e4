import { writeSync } from "node:fs";
import { decodeMetadata } from "../../../host/components/metadata-schema.ts";
import type { Store, Upsert } from "../../../host/components/state/store.ts";
import { sqliteStore } from "../../../host/node/components/state-sqlite.ts";
import { systemClock } from "../../../host/web-platform.ts";
import { testContext } from "../test-context.ts";

/**
 * A process of its own that writes until it is killed: argument 1 is the file, argument 2 the first number. Every
 * transaction writes one number under two keys; its number goes to standard output once it is answered. Between
 * them are transactions that must not happen: they write `t2` and then fail on an ETag.
 */
const [, , path = "", first = "0"] = process.argv;

const store: Store = await sqliteStore.open(
  decodeMetadata("s", sqliteStore.metadata, new Map([["connectionString", path]]), () => undefined),
  testContext("s", systemClock),
);

const upsert = (key: string, value: string, more: Partial<Upsert> = {}): Upsert => ({
  kind: "upsert",
  key,
  value: new TextEncoder().encode(value),
  etag: undefined,
  concurrency: undefined,
  ttlInSeconds: undefined,
  contentType: undefined,
  ...more,
});

let next = Number(first);

async function write(): Promise<void> {
  for (;;) {
    const number = String(next++);
    const eventual = next % 3 === 0;
    await store.write({
      operations: [upsert(`a-${number}`, number), upsert(`b-${number}`, number)],
      atomic: true,
      consistency: eventual ? "eventual" : undefined,
      requestId: next % 2 === 0 ? `request-${number}` : undefined,
    });
    writeSync(1, `${number}\n`);
    const refused = await store.write({
      operations: [upsert("t2", number), upsert("key-2", number, { etag: "99", concurrency: "first-write" })],
      atomic: true,
      consistency: undefined,
      requestId: undefined,
    });
    if (refused.every((refusal) => refusal === undefined)) writeSync(1, "a stale ETag was accepted\n");
  }
}

await Promise.all(Array.from({ length: 8 }, write));
