/**
 * The same mangled requests to daprd and to daprlet: status, error code and, where an app was called, what it was
 * called with must be the same, but for what `differences.ts` lists. DIFFERENTIAL_RUNS and DIFFERENTIAL_SEED choose
 * how many and which.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { daprd } from "../hosts/daprd.ts";
import type { Answer, Host } from "../hosts/host.ts";
import { node } from "../hosts/node.ts";
import type { DifferenceId } from "./differences.ts";
import { mangled, pick, random } from "./mangled.ts";

const missing = daprd.missing ?? node.missing;
const runs = Number(process.env.DIFFERENTIAL_RUNS ?? 400);
const seed = Number(process.env.DIFFERENTIAL_SEED ?? 1);

const bodies = [
  [
    "/v1.0/state/memory",
    '[{"key":"a","value":{"x":[1,2.5e3,true,null]},"etag":"1","metadata":{"ttlInSeconds":"5"},"options":{"concurrency":"last-write","consistency":"strong"}}]',
  ],
  ["/v1.0/state/memory", '[{"key":"a","value":"t\\u00e9\\n"},{"key":"b","value":-0.5}]'],
  ["/v1.0/state/memory/bulk", '{"keys":["a","b"],"parallelism":10,"metadata":{"a":"b"}}'],
  [
    "/v1.0/state/memory/transaction",
    '{"operations":[{"operation":"upsert","request":{"key":"k","value":{"x":1},"metadata":{"a":"b"}}},{"operation":"delete","request":{"key":"b"}}],"metadata":{"a":"b"}}',
  ],
] as const;

/** Which listed difference explains that daprlet refused a body that daprd took, or refused otherwise. */
function refusedByUs(path: string, body: string, theirs: string): DifferenceId | undefined {
  if (path.endsWith("/transaction")) {
    const taken = theirs.startsWith("204") || theirs === "400 ERR_NOT_SUPPORTED_STATE_OPERATION";
    if (taken) return "state.transaction-without-key";
  }
  if (!/^(?:20|409)/.test(theirs)) return undefined;
  try {
    return JSON.parse(body) === null ? "state.null" : undefined;
  } catch {
    return path.endsWith("/bulk") ? "state.bulk-trailing-data" : "state.trailing-data";
  }
}

const prefixes = [
  "/v1.0/invoke/APP/method/",
  "/v1.0/invoke/APP/method/a/",
  "/v1.0/state/memory/",
  "/v1.0/",
  "/",
  "/v1.0/metadata",
  "/v1.0/healthz",
  "/v1.0/invoke/",
];
const segments = [
  ...[
    "/",
    "//",
    "/./",
    "/../",
    "%2F",
    "%2f",
    "%2e",
    "%2E%2e",
    ".",
    "..",
    "a",
    "method",
    "/method/",
    "invoke",
  ],
  ...[
    "v1.0",
    "state",
    "memory",
    "+",
    "%20",
    "%25",
    "%zz",
    "%",
    "%00",
    "%3F",
    "%23",
    "\\",
    "%5C",
    ";",
    ":",
    "@",
  ],
  ...["healthz", "metadata", "~", "!", "'", "%C3%A9", "%FF", "*", "%7F", "|", "bulk", "%0A"],
];

/** Which listed difference explains that a path was answered in two ways; undefined: none does. */
function explained(path: string, own: string, reference: string): DifferenceId | undefined {
  const decoded = (text: string) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  if (/%FF/.test(path) && own.startsWith("400 ")) return "path.not-text";
  if (/%25/.test(path)) return "invoke.percent";
  if (own.startsWith("200 ") && decoded(own) === decoded(reference)) return "path.spelling";
  if (/%2[ef]/i.test(path) && /[\\|]/.test(path)) return "path.no-uri";
  return undefined;
}

describe.skipIf(missing !== undefined)(`daprd and daprlet, seed ${seed}`, () => {
  let reference: Host;
  let own: Host;
  beforeAll(async () => {
    [reference, own] = [await daprd.start(), await node.start()];
  }, 60_000);
  afterAll(async () => {
    await reference?.stop();
    await own?.stop();
  });

  test(`${runs} mangled bodies`, async () => {
    const next = random(seed);
    const unexplained: string[] = [];
    for (let i = 0; i < runs; i++) {
      const [path, text] = pick(next, bodies);
      const body = mangled(next, text);
      const headers = { "content-type": "application/json" };
      const ask = async (host: Host) => {
        const answer = await host.fetch(path, { method: "POST", headers, body });
        return `${answer.status} ${answer.status >= 400 ? answer.errorCode : ""}`;
      };
      const [theirs, ours] = [await ask(reference), await ask(own)];
      if (theirs === ours) continue;
      // state.value-bytes: a number beyond a double is kept as it is, where daprd cannot read it.
      if (/\de\+?\d{3,}/i.test(body) && theirs === "400 ERR_MALFORMED_REQUEST" && !ours.startsWith("5"))
        continue;
      if (ours === "400 ERR_MALFORMED_REQUEST" && refusedByUs(path, body, theirs) !== undefined) continue;
      unexplained.push(`${path} ${JSON.stringify(body)}: daprd ${theirs}, daprlet ${ours}`);
    }
    expect(unexplained).toEqual([]);
  }, 120_000);

  test(`${runs} mangled paths`, async () => {
    const next = random(seed + 1);
    const unexplained: string[] = [];
    const described = (answer: Answer, appId: string): string => {
      if (answer.status === 400 && answer.header("content-type")?.startsWith("text/plain"))
        return "400 escape";
      if (answer.status >= 400) return `${answer.status} ${answer.errorCode}`;
      try {
        return `${answer.status} ${((answer.json as { uri?: string }).uri ?? "").replaceAll(appId, "APP")}`;
      } catch {
        return `${answer.status}`;
      }
    };
    for (let i = 0; i < runs; i++) {
      let path = pick(next, prefixes);
      for (let more = next(5); more >= 0; more--) path += pick(next, segments);
      const method = pick(next, ["GET", "GET", "PUT"]);
      const addressed = next(4) === 0;
      const ask = async (host: Host) => {
        const answer = await host.fetch(path.replace("APP", host.appId), {
          method,
          headers: addressed ? { "dapr-app-id": host.appId } : {},
          ...(method === "PUT" ? { body: "" } : {}),
        });
        return described(answer, host.appId);
      };
      const [theirs, ours] = [await ask(reference), await ask(own)];
      if (theirs === ours || explained(path, ours, theirs) !== undefined) continue;
      unexplained.push(
        `${method}${addressed ? " (dapr-app-id)" : ""} ${path}: daprd ${theirs}, daprlet ${ours}`,
      );
    }
    expect(unexplained).toEqual([]);
  }, 120_000);
});
