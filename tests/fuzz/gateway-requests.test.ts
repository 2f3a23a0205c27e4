import fc from "fast-check";
import { expect, test } from "vitest";
import { type FakeAnswer, FakeHost, type FakeRequest, type Part, type Seen } from "../gateway/fake-host.ts";
import { appRow, gatewayTable, pubsubRow, upstreamRow } from "../gateway/gateway-table.ts";

/** `FUZZ_RUNS=1000000` runs a million. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 1500);
const timeout = 30_000 + numRuns * 5;

const outgoing = (given = {}) => upstreamRow({ transport: 1, ...given });
const table = gatewayTable({
  maxBody: 200_000,
  apps: [appRow("app", [outgoing()]), appRow("two", [outgoing(), outgoing({ port: 81, path: "/base" })])],
  remotes: [appRow("there", [outgoing({ protocol: 1 })])],
  pubsubs: [pubsubRow("bus", 0, { component: "messagebus" })],
  sites: [appRow("site", [outgoing({ protocol: 1 })])],
});
/** One instance for all of them, as in production; a new one where a run has failed. */
let host = new FakeHost(table);

const bytes = fc.oneof(
  { arbitrary: fc.uint8Array({ maxLength: 40 }), weight: 12 },
  { arbitrary: fc.nat(120_000).map((length) => new Uint8Array(length).fill(97)), weight: 1 },
);
const parts = fc.tuple(
  fc.array(
    fc.oneof(
      { arbitrary: bytes.filter((b) => b.length > 0), weight: 3 },
      { arbitrary: fc.constant<Part>("pause"), weight: 2 },
    ),
    { maxLength: 6 },
  ),
  fc.constantFrom<Part>("end", "end", "end", "broken"),
);
const body = parts.map(([some, end]): readonly Part[] => [...some, end]);
const sink = fc.record({
  room: fc.constantFrom(9, 1000, 65_536, 1 << 20),
  leavesAfter: fc.oneof({ arbitrary: fc.constant(Number.POSITIVE_INFINITY), weight: 5 }, fc.nat(200_000)),
});
const latin = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 30,
});
const fields = fc.array(
  fc.oneof(
    fc.tuple(
      fc.constantFrom(
        "content-length",
        "te",
        "trailer",
        "via",
        "accept",
        "authorization",
        "dapr-app-id",
        "dapr-api-token",
        "traceparent",
        "connection",
        "x-forwarded-for",
        "dapr-caller-app-id",
        "x-a-bin",
        "x-a",
        "cookie",
        "origin",
        "sec-fetch-site",
      ),
      fc.oneof(
        latin,
        fc.constantFrom(
          "0",
          "5",
          "-1",
          "99999999999999999999",
          "app",
          "two",
          "Basic ZGFwci1hcHAtaWQ6YXBw",
          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          "text/event-stream",
          "x-a, close",
          "1.1 a,1.1 b, , ,1.0 c",
        ),
      ),
    ),
    fc.tuple(fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), latin),
  ),
  { maxLength: 12 },
);
const trailers = fc.option(fc.oneof(fc.constant("broken" as const), fc.constant([["x-sum", "7"]] as const)), {
  nil: undefined,
});
const segment = fc.constantFrom(
  "",
  ".",
  "..",
  "a",
  "%2e",
  "%2F",
  "%00",
  "%",
  "%zz",
  "%ff",
  "é",
  "method",
  "invoke",
  "v1.0",
  "healthz",
  "metadata",
  "state",
  "app",
  "two",
  "app.site",
  "x.y.site",
  "nobody",
  "http:",
  "%3F",
  "#",
  "+",
);
const path = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        "/v1.0/invoke/app/method/",
        "/v1.0/invoke/two/method/",
        "/v1.0/invoke/app.site/",
        "/v1.0/publish/bus/",
        "/v1.0/",
        "/",
        "",
      ),
      fc.array(segment, { maxLength: 6 }),
      fc.constantFrom("", "?a=b", "?", "??", "?appid=%", "?appid=gateway"),
    )
    .map(([start, rest, query]) => start + rest.join("/") + query),
  fc.nat(70_000).map((length) => `/v1.0/invoke/app/method/${"a/".repeat(length)}`.slice(0, length + 1)),
);
const request: fc.Arbitrary<FakeRequest> = fc.record({
  method: fc.oneof(fc.integer({ min: 0, max: 8 }), fc.constantFrom("BREW", "a b", "", "PROPFIND")),
  path: fc.option(path, { nil: undefined }),
  authority: fc.option(fc.constantFrom("localhost", "localhost:3500", "evil.example", "", '"\\'), {
    nil: undefined,
  }),
  fields,
  body,
  trailers,
  sink,
});
const answer: fc.Arbitrary<FakeAnswer> = fc.record({
  error: fc.option(fc.nat(38), { nil: undefined, freq: 3 }),
  after: fc.nat(3),
  status: fc.oneof(
    { arbitrary: fc.constant(200), weight: 4 },
    fc.constantFrom(100, 204, 304, 418, 500, 599, 999, 0),
  ),
  fields,
  body,
  trailers,
  sink,
});

const join = (list: readonly Part[]) => Buffer.concat(list.filter((part) => part instanceof Uint8Array));

test(
  "no request and no upstream breaks the gateway, keeps anything open, or is answered with half of an answer",
  () => {
    fc.assert(
      fc.property(request, fc.array(answer, { minLength: 1, maxLength: 3 }), (asked, answers) => {
        const seen = handled(asked, answers);
        expect(seen.status).toBeGreaterThanOrEqual(100);
        // The one alarm is kept for the next request.
        expect(seen.open.filter((kind) => kind !== "pollable")).toEqual([]);
        expect(seen.open.length).toBeLessThanOrEqual(1);
        expect(seen.sent.length).toBeLessThanOrEqual(2);
        expect(host.memory.size).toBeLessThan(8 << 20);
        for (const sent of seen.sent) {
          const names = sent.fields.map(([name]) => name);
          for (const own of ["connection", "te", "x-a-bin", "dapr-app-id", "dapr-api-token"])
            expect(names).not.toContain(own);
          expect(names.filter((name) => name === "content-length").length).toBeLessThanOrEqual(1);
          // What is published is made into an event first, and acknowledged by the gateway itself.
          if (!sent.path.startsWith("/v1.0/publish/")) passedOn(asked, sent);
        }
        const last = answers[(seen.sent.length - 1) % answers.length];
        const invoked = seen.sent.at(-1)?.path.startsWith("/v1.0/publish/") === false;
        const theirs = invoked && last?.error === undefined && seen.status === last?.status;
        if (theirs && seen.finished && !isJson(seen.fields)) {
          expect(seen.body.equals(join(last?.body ?? []))).toBe(true);
        }
        if (isJson(seen.fields) && seen.finished && seen.sent.length === 0) JSON.parse(seen.body.toString());
      }),
      { numRuns },
    );
  },
  timeout,
);

/** An upstream gets the caller's body, or as much of it as there is; it is ended only where it is whole. */
function passedOn(asked: FakeRequest, { body: upward, finished }: Seen["sent"][number]): void {
  const whole = join(asked.body);
  expect(whole.subarray(0, upward.length).equals(upward)).toBe(true);
  if (finished) expect(asked.body.at(-1) === "end" || upward.length === toldLength(asked)).toBe(true);
}

/** What a broken instance leaves open would be held against the next request. */
function handled(asked: FakeRequest, answers: readonly FakeAnswer[]): Seen {
  try {
    return host.handle(asked, answers);
  } catch (error) {
    host = new FakeHost(table);
    throw error;
  }
}

const isJson = (list: FakeRequest["fields"]) =>
  list.some(([name, value]) => name === "content-type" && value === "application/json");
const toldLength = ({ fields: list }: FakeRequest) =>
  Number(list.find(([name]) => name === "content-length")?.[1] ?? -1);
