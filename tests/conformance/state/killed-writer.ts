import { writeSync } from "node:fs";
import type { Store, Upsert } from "../../../host/components/state/store.ts";
import { filesStore } from "../../../host/node/components/state-files.ts";
import { sqliteStore } from "../../../host/node/components/state-sqlite.ts";
import { systemClock } from "../../../host/web-platform.ts";
import { openWith, testContext } from "../test-context.ts";

/**
 * A process of its own that writes until it is killed: argument 1 is the file of `state.sqlite`, or the folder of
 * `state.files` where it ends in a slash; argument 2 the first number, argument 3 the length of each value. Every
 * transaction writes one number under two keys; its number goes to standard output once it is answered. Between
 * them are transactions that must not happen: they write `t2` and then fail on an ETag.
 */
const [, , path = "", first = "0", length = "0"] = process.argv;

const store: Store = path.endsWith("/")
  ? await openWith(filesStore, testContext("s", systemClock), { rootPath: path })
  : await openWith(sqliteStore, testContext("s", systemClock), { connectionString: path });

const upsert = (key: string, value: string, more: Partial<Upsert> = {}): Upsert => ({
  kind: "upsert",
  key,
  value: new TextEncoder().encode(value.padEnd(Number(length))),
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
      operations: [upsert(`a-${number}`, number, { listed: true }), upsert(`b-${number}`, number)],
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
