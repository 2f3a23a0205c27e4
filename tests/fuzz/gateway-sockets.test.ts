import fc from "fast-check";
import { expect, test } from "vitest";
import { FakeHost, type FakeRequest, type Part } from "../gateway/fake-host.ts";
import type { FakeConnection } from "../gateway/fake-sockets.ts";
import { appRow, gatewayTable, upstreamRow } from "../gateway/gateway-table.ts";

/** `FUZZ_RUNS=1000000` runs a million. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 1500);
const timeout = 30_000 + numRuns * 5;

const table = gatewayTable({
  maxBody: 200_000,
  apps: [
    appRow("app", [upstreamRow()]),
    appRow("two", [upstreamRow({ port: 81 }), upstreamRow({ port: 82, address: new Uint8Array() })]),
  ],
});
/** One instance for all of them, as in production; a new one where a run has failed. */
let host = new FakeHost(table, "http+sockets");

const ok = "HTTP/1.1 200 OK\r\n";
const chunked = `${ok}transfer-encoding: chunked\r\n`;
const responses = fc.oneof(
  fc.constantFrom(
    `${ok}content-length: 5\r\n\r\nhello`,
    `${ok}content-length: 0\r\nkeep-alive: timeout=5\r\n\r\n`,
    `${ok}content-length: 5\r\nconnection: close, x-a\r\nx-a: b\r\n\r\nhello`,
    `${chunked}\r\n5\r\nhello\r\n0\r\n\r\n`,
    `${chunked}trailer: x-sum\r\n\r\n5;a=b\r\nhello\r\n0\r\nx-sum: 7\r\n\r\n`,
    `${ok}\r\nhello`,
    `HTTP/1.1 100 Continue\r\n\r\n${ok}content-length: 5\r\n\r\nhello`,
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n",
    `${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\nhello`,
    "HTTP/1.1 200 OK\r\ncontent-le",
    "nonsense\r\n\r\n",
    "",
  ),
  fc.nat(9_000).map((size) => `${ok}content-length: ${size}\r\n\r\n${"a".repeat(size)}`),
  fc.nat(9_000).map((size) => `${chunked}\r\n${size.toString(16)}\r\n${"a".repeat(size)}\r\n0\r\n\r\n`),
);

/** A response in pieces, with pauses between them. */
const pieces = fc.tuple(responses, fc.array(fc.nat(400), { maxLength: 4 })).map(([text, cuts]): Part[] => {
  const at = cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b);
  return [0, ...at].flatMap((start, i): Part[] => {
    const bytes = Buffer.from(text.slice(start, at[i] ?? text.length), "latin1");
    return bytes.length > 0 ? [bytes, "pause"] : ["pause"];
  });
});
const sink = fc.record({
  room: fc.constantFrom(90, 1000, 65_536),
  leavesAfter: fc.oneof({ arbitrary: fc.constant(Number.POSITIVE_INFINITY), weight: 5 }, fc.nat(100_000)),
});
const connection: fc.Arbitrary<FakeConnection> = fc.record({
  error: fc.option(
    fc.nat(20).filter((code) => code !== 8),
    { nil: undefined, freq: 6 },
  ),
  after: fc.nat(3),
  sends: fc
    .tuple(fc.array(pieces, { maxLength: 3 }), fc.constantFrom<Part>("end", "broken", "pause"))
    .map(([all, last]) => ["pause", ...all.flat(), last]),
  sink,
});
const body = fc
  .tuple(
    fc.array(
      fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 9_000 }).map((size) => new Uint8Array(size).fill(98)),
        fc.constant<Part>("pause"),
      ),
      { maxLength: 4 },
    ),
    fc.constantFrom<Part>("end", "end", "broken"),
  )
  .map(([some, last]): readonly Part[] => [...some, last]);
const request: fc.Arbitrary<FakeRequest> = fc.record({
  method: fc.oneof(fc.integer({ min: 0, max: 8 }), fc.constantFrom("BREW", "a b")),
  path: fc.constantFrom("/v1.0/invoke/app/method/a", "/v1.0/invoke/two/method/b?c=d"),
  authority: fc.constant("localhost"),
  fields: fc.array(
    fc.constantFrom<(readonly [string, string])[]>(
      ["content-length", "5"],
      ["x-a", "b"],
      ["expect", "100-continue"],
      ["connection", "x-a"],
      ["te", "trailers"],
    ),
    { maxLength: 4 },
  ),
  body,
  trailers: fc.option(fc.constantFrom([["x-sum", "7"]] as const, "broken" as const), { nil: undefined }),
  sink,
});

test(
  "no upstream behind a connection of the gateway's own breaks it or keeps anything open, whatever it sends",
  () => {
    let passed = 0;
    fc.assert(
      fc.property(
        fc.array(request, { minLength: 1, maxLength: 3 }),
        fc.array(connection, { minLength: 1, maxLength: 4 }),
        (requests, connections) => {
          host.sockets.connections = connections;
          try {
            for (const asked of requests) {
              const seen = host.handle(asked, []);
              expect(seen.status).toBeGreaterThanOrEqual(100);
              if (seen.status === 200) passed++;
              // Connections that are kept, the network, and the alarm.
              const kept = seen.open.filter((kind) => kind === "tcp-socket").length;
              expect(kept).toBeLessThanOrEqual(16);
              const rest = [...seen.open].sort().filter((kind) => kind !== "network");
              const alarms = rest.filter((kind) => kind === "pollable").length - 2 * kept;
              expect(alarms === 0 || alarms === 1).toBe(true);
              expect(rest.filter((kind) => kind === "input-stream").length).toBe(kept);
              expect(rest.filter((kind) => kind === "output-stream").length).toBe(kept);
              expect(rest.length).toBe(kept * 5 + alarms);
              expect(host.memory.size).toBeLessThan(8 << 20);
              // A body that lasts as long as its connection has all that comes there.
              if (seen.finished && seen.status === 200)
                expect(/^(hello|a*$)/.test(seen.body.toString())).toBe(true);
            }
          } catch (error) {
            host = new FakeHost(table, "http+sockets");
            throw error;
          }
        },
      ),
      { numRuns },
    );
    expect(passed).toBeGreaterThan(numRuns / 20);
  },
  timeout,
);
