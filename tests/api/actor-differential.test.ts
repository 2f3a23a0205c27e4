/**
 * The same mangled calls of actors to daprd and to daprlet: status, error code and, where the app was called, what it was
 * called with must be the same, but for what `differences.ts` lists. DIFFERENTIAL_RUNS and DIFFERENTIAL_SEED choose how
 * many and which.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { daprd } from "../hosts/daprd.ts";
import type { Answer, Host } from "../hosts/host.ts";
import { node } from "../hosts/node.ts";
import type { DifferenceId } from "./differences.ts";
import { mangled, pick, random } from "./mangled.ts";

const missing =
  daprd.missing ??
  node.missing ??
  (daprd.features.has("actors") ? undefined : "placement is not on the PATH");
const runs = Number(process.env.DIFFERENTIAL_RUNS ?? 300);
const seed = Number(process.env.DIFFERENTIAL_SEED ?? 1);

const actor = "/v1.0/actors/Plain/1";

const bodies = [
  [
    `${actor}/state`,
    '[{"operation":"upsert","request":{"key":"a","value":{"x":[1,2.5e3,true,null]}}},{"operation":"delete","request":{"key":"b"}}]',
  ],
  [
    `${actor}/state`,
    '[{"operation":"upsert","request":{"key":"a","value":"t\\u00e9","metadata":{"a":"b"}}}]',
  ],
  [
    `${actor}/timers/never`,
    '{"dueTime":"100h","period":"R5/PT1H","data":{"x":[1,null]},"callback":"cb","ttl":"300h"}',
  ],
  [`${actor}/timers/never`, '{"dueTime":"2099-01-02T03:04:05Z","period":"24h0m0s"}'],
] as const;

const segments = [
  ...["Plain", "1", "method", "meow", "state", "a", "timers", "/", "/", "//", "/./", "/../", ".", "..", "+"],
  ...[
    "%2F",
    "%2e",
    "%2E%2e",
    "%20",
    "%25",
    "%zz",
    "%",
    "%00",
    "%3F",
    "%23",
    "%5C",
    "\\",
    ";",
    ":",
    "@",
    "|",
    "||",
  ],
  ...["%7C%7C", "~", "!", "'", "%C3%A9", "%FF", "*", "%7F", "%0A", "%C2%80"],
];
const prefixes = [`${actor}/method/`, "/v1.0/actors/Plain/", `${actor}/state/`, `${actor}/`, "/v1.0/actors/"];

const decoded = (text: string) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Which listed difference explains two answers to a body. */
function explainedBody(path: string, theirs: string, ours: string): DifferenceId | undefined {
  const malformed = ours === "400 ERR_MALFORMED_REQUEST";
  if (path.endsWith("/state")) {
    if (theirs === "500 ERR_ACTOR_STATE_TRANSACTION_SAVE" && malformed) return "actors.no-operation";
    if (theirs === "204 " && malformed) return "state.trailing-data";
    // A number beyond a double is kept as it is, where daprd cannot read it.
    if (theirs === "400 ERR_MALFORMED_REQUEST" && ours === "204 ") return "state.value-bytes";
    if (theirs === "204 " && ours === "400 ERR_BAD_REQUEST") return "actors.key-bars";
    return undefined;
  }
  if (malformed && !theirs.startsWith("400")) return "actors.schedule-body";
  return theirs === "204 " && ours === "500 ERR_ACTOR_TIMER_CREATE" ? "actors.durations" : undefined;
}

/** Which listed difference explains two answers to a path. */
function explainedPath(path: string, theirs: string, ours: string): DifferenceId | undefined {
  if (/%(?:FF|a)/.test(path) && ours === "400 escape") return "path.not-text";
  if (/%25/.test(path)) return "actors.percent";
  if (ours === "400 ERR_BAD_REQUEST") {
    if (/\/state\//.test(path)) return "actors.key-bars";
    if (/\|\||%7C%7C/i.test(path)) return "actors.bars-in-type";
    if (/%2[ef]|\\|%5C/i.test(path) && theirs.startsWith("200 ")) return "actors.method-path";
    if (/\/(state|timers)/.test(path)) return "actors.unusable-id";
  }
  if (theirs.startsWith("200 ") && decoded(ours) === decoded(theirs)) return "path.spelling";
  return /%2[ef]/i.test(path) && /[\\|]/.test(path) ? "path.no-uri" : undefined;
}

describe.skipIf(missing !== undefined)(`actors of daprd and daprlet, seed ${seed}`, () => {
  let reference: Host;
  let own: Host;
  beforeAll(async () => {
    [reference, own] = await Promise.all([daprd.start(), node.start()]);
    for (const host of [reference, own])
      await host.fetch(`${actor}/method/meow`, { method: "POST", body: "" });
  }, 60_000);
  afterAll(async () => {
    await Promise.all([reference?.stop(), own?.stop()]);
  });

  test(`${runs} mangled bodies`, async () => {
    const next = random(seed);
    const unexplained: string[] = [];
    for (let i = 0; i < runs; i++) {
      const [path, text] = pick(next, bodies);
      const body = mangled(next, text);
      const headers = { "content-type": "application/json" };
      const ask = async (host: Host) => {
        const asked = host.fetch(path, { method: "POST", headers, body });
        return await asked.then(
          ({ status, errorCode }) => `${status} ${status >= 400 ? errorCode : ""}`,
          () => "breaks off",
        );
      };
      const [theirs, ours] = await Promise.all([ask(reference), ask(own)]);
      if (theirs === ours || explainedBody(path, theirs, ours) !== undefined) continue;
      unexplained.push(`${path} ${JSON.stringify(body)}: daprd ${theirs}, daprlet ${ours}`);
    }
    expect(unexplained).toEqual([]);
  }, 120_000);

  test(`${runs} mangled paths`, async () => {
    const next = random(seed + 1);
    const unexplained: string[] = [];
    const described = (answer: Answer): string => {
      if (answer.status === 400 && answer.header("content-type")?.startsWith("text/plain"))
        return "400 escape";
      if (answer.status >= 400) return `${answer.status} ${answer.errorCode}`;
      try {
        return `${answer.status} ${(answer.json as { uri?: string }).uri ?? ""}`;
      } catch {
        return `${answer.status} `;
      }
    };
    const asks = Array.from({ length: runs }, () => {
      let path: string = pick(next, prefixes);
      for (let more = next(5); more >= 0; more--) path += pick(next, segments);
      return { path, method: pick(next, ["GET", "POST", "DELETE"]) };
    });
    const ask = async ({ path, method }: (typeof asks)[number]) => {
      const body = method === "POST" ? { body: "[]" } : {};
      const answers = (timeout: number) =>
        Promise.all(
          [reference, own].map((host) =>
            host.fetch(path, { method, ...body, timeout }).then(described, () => "none in time"),
          ),
        );
      // A type that nobody hosts is looked for over five seconds, by both; who is only slow is asked again.
      let [theirs = "", ours = ""] = await answers(1000);
      if (theirs !== ours) [theirs = "", ours = ""] = await answers(10_000);
      if (theirs === ours || explainedPath(path, theirs, ours) !== undefined) return;
      unexplained.push(`${method} ${path}: daprd ${theirs}, daprlet ${ours}`);
    };
    // Some wait for their time: they do so side by side.
    for (let at = 0; at < asks.length; at += 30) await Promise.all(asks.slice(at, at + 30).map(ask));
    expect(unexplained).toEqual([]);
  }, 120_000);
});
