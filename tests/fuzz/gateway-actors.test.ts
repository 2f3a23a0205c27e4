import fc from "fast-check";
import { expect, test } from "vitest";
import { none16 } from "../../host/gateway/table-shape.ts";
import { type FakeAnswer, FakeHost, type FakeRequest, type Part } from "../gateway/fake-host.ts";
import { appRow, gatewayTable, upstreamRow } from "../gateway/gateway-table.ts";

/** `FUZZ_RUNS=1000000` runs a million. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 1_000);
const timeout = 30_000 + numRuns * 10;

const there = upstreamRow({ transport: 1, protocol: 1 });
const table = gatewayTable({
  apps: [appRow("app", [there])],
  remotes: [appRow("there", [there])],
  actors: [
    {
      baked: new Uint8Array(0),
      file: "",
      members: [appRow("a", [there])],
      points: 3,
      maxAge: 0,
      source: 0,
      onward: 0,
      token: none16,
    },
  ],
});
/** One instance for all of them, as in production; a new one where a run has failed. */
let host = new FakeHost(table, "http+folder");

const rarely = <T>(one: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 5 }, { arbitrary: one, weight: 1 });
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    1,
    1e300,
    "",
    "a",
    [],
    {},
    [[]],
    "http://a:1",
    "http://[::1]:99999/",
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.nat(3_000).map((length) => "x".repeat(length)),
);
const types = fc.oneof(fc.array(fc.constantFrom("Car", "Bus", "C\u0000", "é"), { maxLength: 4 }), odd);
const address = fc.oneof(
  fc.constantFrom(
    "http://h",
    "https://h:1/",
    "http://[::1]:80",
    "http://h:70000",
    "http://h:",
    "ftp://h",
    "http://",
  ),
  odd,
);
const hosts = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        name: fc.constantFrom("a", "b", "c1", "c11"),
        actorTypes: fc.constant(["Car", "Bus"]),
      }),
    },
    fc.record(
      {
        name: fc.oneof(fc.constantFrom("a", "b", "10.0.0.1:50002"), odd),
        appId: fc.oneof(fc.constantFrom("app", "other"), odd),
        actorTypes: types,
        entities: types,
        address,
        namespace: fc.oneof(fc.constantFrom("default", "else"), odd),
      },
      { requiredKeys: ["name"] },
    ),
    odd,
  ),
  { maxLength: 6 },
);
const document = fc.oneof(
  fc.record(
    {
      hostList: fc.oneof({ arbitrary: hosts, weight: 5 }, odd),
      tableVersion: fc.oneof(fc.nat(), odd),
      replicationFactor: fc.oneof(fc.constantFrom(1, 100, 200_000), odd),
      scheme: fc.oneof(fc.constantFrom("ring", "rendezvous", "ringer"), odd),
    },
    { requiredKeys: ["hostList"] },
  ),
  fc.record({ hostList: hosts }),
  fc.record({ tables: fc.oneof(fc.record({ default: fc.record({ hosts, version: fc.nat() }) }), odd) }),
  odd,
);
/** The text of one, with something else in the place of a part of it now and then. */
const text = fc
  .tuple(
    document.map((value) => new TextEncoder().encode(JSON.stringify(value))),
    rarely(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(9), fc.uint8Array({ maxLength: 6 }))),
  )
  .map(([bytes, change]) => {
    if (change === undefined) return bytes;
    const at = Math.floor(change[0] * bytes.length);
    return Buffer.concat([bytes.subarray(0, at), change[2], bytes.subarray(at + change[1])]);
  });
const body = fc
  .tuple(text, fc.constantFrom<Part>("end", "end", "end", "broken"), fc.boolean())
  .map(([bytes, end, pauses]): readonly Part[] => [
    ...(bytes.length > 0 ? [bytes] : []),
    ...(pauses ? (["pause"] as const) : []),
    end,
  ]);
const sink = { room: 65_536, leavesAfter: Number.POSITIVE_INFINITY };
const answer = (given: Partial<FakeAnswer>): FakeAnswer => ({
  error: undefined,
  after: 0,
  status: 200,
  fields: [],
  body: ["end"],
  trailers: undefined,
  sink,
  ...given,
});
const told = fc.record({ body, after: fc.nat(1), error: rarely(fc.nat(38)) }).map(answer);
const done = fc
  .record({
    error: rarely(fc.nat(38)),
    status: fc.constantFrom(200, 409, 500),
    fields: fc.constantFrom([], [["daprlet-actor", "moved"]] as const),
  })
  .map(answer);
const segment = fc.oneof(
  { arbitrary: fc.constantFrom("Car", "Bus"), weight: 5 },
  fc.constantFrom("%C3%A9", "1", "%2F", "%00", "..", "x".repeat(3_000), ""),
);
const request = fc
  .tuple(
    fc.integer({ min: 0, max: 4 }),
    segment,
    segment,
    fc.constantFrom("method", "state", "reminders", "timers"),
    segment,
    fc.constantFrom<readonly Part[]>(
      ["end"],
      [Buffer.from("x"), "end"],
      ["pause", Buffer.from("y"), "end"],
      ["broken"],
    ),
  )
  .map(
    ([method, type, id, what, name, given]): FakeRequest => ({
      method,
      path: `/v1.0/actors/${type}/${id}/${what}/${name}`,
      authority: "localhost",
      fields: [],
      body: given,
      trailers: undefined,
      sink,
    }),
  );

test(
  "no table of placement breaks the gateway, keeps anything open, or grows it",
  () => {
    let found = 0;
    fc.assert(
      fc.property(request, fc.array(fc.tuple(told, done), { minLength: 1, maxLength: 3 }), (asked, pairs) => {
        try {
          host.pass(60);
          const seen = host.handle(asked, pairs.flat());
          expect(seen.status).toBeGreaterThanOrEqual(200);
          expect(seen.open.filter((kind) => kind !== "pollable")).toEqual([]);
          expect(seen.open.length).toBeLessThanOrEqual(1);
          expect(host.memory.size).toBeLessThan(12 << 20);
          if (seen.sent.some(({ path }) => path.startsWith("/v1.0/actors/"))) found++;
        } catch (error) {
          host = new FakeHost(table, "http+folder");
          throw error;
        }
      }),
      { numRuns },
    );
    // The tables are of some use, or nothing would be tried behind them.
    expect(found).toBeGreaterThan(numRuns / 20);
  },
  timeout,
);
