import { expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import type { CachedRequest, Fields } from "./cached-response.ts";
import { ResponseCache } from "./response-cache.ts";

const url = "https://api.example/items";
const nothing = new Uint8Array(0);
const bytes = (text: string) => new TextEncoder().encode(text);

/** A server that answers with its version, and is told of by how it was asked. */
function served(headers: Record<string, string>) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const cache = new ResponseCache(clock);
  const server = { version: 1, status: 200, headers, fails: (_: Fields): boolean => false };
  const asked: Fields[] = [];
  const request = (changes: Partial<CachedRequest>): CachedRequest => ({
    ...{ method: "GET", url, headers: {}, body: nothing },
    ...changes,
  });
  return {
    clock,
    server,
    asked,
    /** The version that is answered, and whether it was kept. */
    async ask(changes: Partial<CachedRequest> = {}) {
      const { response, cached } = await cache.answer(request(changes), async (fields) => {
        asked.push(fields);
        if (server.fails(fields)) throw new TypeError("fetch failed");
        const fresh = fields["if-none-match"] === server.headers.etag && "if-none-match" in fields;
        const told = Object.entries(server.headers).flat();
        return { status: fresh ? 304 : server.status, headers: told, body: bytes(`${server.version}`) };
      });
      return `${new TextDecoder().decode(response.body)}${cached ? ", kept" : ""}`;
    },
    headersOf: async (changes: Partial<CachedRequest> = {}) => {
      const { response } = await cache.answer(request(changes), () => Promise.reject(new Error("asked")));
      const pairs = response.headers.flatMap((name, i) => (i % 2 ? [] : [[name, response.headers[i + 1]]]));
      return Object.fromEntries(pairs) as Fields;
    },
    async despite(changes: Partial<CachedRequest> = {}) {
      const kept = await cache.despite(request(changes));
      return kept && new TextDecoder().decode(kept.body);
    },
  };
}

it.each<[headers: Record<string, string>, then: string, later: string]>([
  [{ "cache-control": "max-age=60" }, "1, kept", "2"],
  [{ "Cache-Control": "Max-Age=60" }, "1, kept", "2"],
  [{ "cache-control": "max-age=60, must-revalidate" }, "1, kept", "2"],
  [{ "cache-control": "private, max-age=60" }, "1, kept", "2"],
  [{ "cache-control": "max-age=60", age: "60" }, "2", "2"],
  [{ expires: "Thu, 01 Jan 2026 00:01:00 GMT" }, "1, kept", "2"],
  [{ "cache-control": "no-store, max-age=60" }, "2", "2"],
  [{ "cache-control": "No-Store" }, "2", "2"],
  [{ "cache-control": "max-age=60", vary: "*" }, "2", "2"],
  [{}, "2", "2"],
])("what says %o is %s at once, and %s after a minute", async (headers, then, later) => {
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const one = served(lower);
  expect(await one.ask()).toBe("1");
  one.server.version = 2;
  expect(await one.ask()).toBe(then);
  await one.clock.advance(61_000);
  expect(await one.ask()).toBe(later);
});

it.each(["no-cache", "max-age=0", "max-age=60", ""])(
  "what says %j and has an ETag is asked for by it, and answered from what is kept until it is another one",
  async (directives) => {
    const one = served({ etag: '"1"', ...(directives !== "" && { "cache-control": directives }) });
    await one.ask();
    await one.clock.advance(61_000);
    expect(await one.ask()).toBe("1, kept");
    expect(one.asked.at(-1)).toEqual({ "if-none-match": '"1"' });
    Object.assign(one.server, { version: 2, headers: { etag: '"2"' } });
    await one.clock.advance(61_000);
    expect(await one.ask()).toBe("2");
    expect(await one.ask()).toBe("2, kept");
  },
);

it("tells the age of what it kept, and the directives as they were", async () => {
  const one = served({ "cache-control": "Max-Age=60, must-revalidate", age: "10" });
  await one.ask();
  await one.clock.advance(20_000);
  expect(await one.headersOf()).toMatchObject({ age: "30", "cache-control": "Max-Age=60, must-revalidate" });
});

it("answers nobody with what was for another one, by Vary", async () => {
  const one = served({ "cache-control": "max-age=60, stale-if-error=600", vary: "Accept", etag: '"1"' });
  const headers = { accept: "text/html" };
  await one.ask({ headers });
  expect(await one.ask({ headers })).toBe("1, kept");
  expect(await one.despite({ headers: { accept: "image/png" } })).toBeUndefined();
  expect(await one.ask({ headers: { accept: "image/png" } })).toBe("1");
  expect(one.asked.at(-1)).toEqual({ accept: "image/png" });
});

it("keeps what is for who named himself only where the server lets all have it", async () => {
  const headers = { authorization: "Bearer mine" };
  const mine = served({ "cache-control": "max-age=60" });
  await mine.ask({ headers });
  expect(await mine.ask()).toBe("1");
  const all = served({ "cache-control": "public, max-age=60" });
  await all.ask({ headers });
  expect(await all.ask()).toBe("1, kept");
});

it.each<[string, Partial<CachedRequest>, number, string]>([
  ["forgets what was changed", { method: "PUT" }, 200, "2"],
  [
    "forgets it also where the change was conditional",
    { method: "DELETE", headers: { "if-match": "x" } },
    204,
    "2",
  ],
  ["keeps it where the change was refused", { method: "PUT" }, 403, "1, kept"],
  ["keeps it where another was changed", { method: "PUT", url: `${url}/a` }, 200, "1, kept"],
])("%s", async (_, changes, status, then) => {
  const one = served({ "cache-control": "max-age=60" });
  await one.ask();
  Object.assign(one.server, { version: 2, status, headers: {} });
  await one.ask(changes);
  expect(await one.ask()).toBe(then);
});

it("keeps answers to each body of a POST that says for how long it is good, and asks again without conditions", async () => {
  const one = served({ "cache-control": "max-age=60", etag: '"1"' });
  const picture = { method: "POST", body: bytes("picture") };
  await one.ask(picture);
  expect(await one.ask(picture)).toBe("1, kept");
  expect(await one.ask({ ...picture, body: bytes("other") })).toBe("1");
  expect(await one.ask(picture)).toBe("1, kept");
  await one.clock.advance(61_000);
  expect(await one.ask(picture)).toBe("1");
  expect(one.asked.at(-1)).toEqual({});
});

it("leaves a caller's own conditions to the server", async () => {
  const one = served({ "cache-control": "max-age=60" });
  await one.ask();
  one.server.version = 2;
  expect(await one.ask({ headers: { "if-none-match": '"mine"' } })).toBe("2");
});

it("asks without conditions where those are what fails, as in a page by CORS, and no more of them for a while", async () => {
  const one = served({ etag: '"1"' });
  await one.ask();
  one.server.fails = (fields) => "if-none-match" in fields;
  expect(await one.ask()).toBe("1");
  expect(await one.ask()).toBe("1");
  expect(one.asked.map((fields) => "if-none-match" in fields)).toEqual([false, true, false, false]);
});

it.each<[directives: string, seconds: number, kept: string | undefined]>([
  ["max-age=60, stale-if-error=600", 300, "1"],
  ["max-age=60, stale-if-error=600", 700, undefined],
  ["max-age=60", 61, undefined],
  ["max-age=60, stale-if-error=600, must-revalidate", 61, undefined],
])("what says %s is there after %i s of failures: %s", async (directives, seconds, kept) => {
  const one = served({ "cache-control": directives });
  await one.ask();
  await one.clock.advance(seconds * 1000);
  one.server.status = 503;
  expect(await one.ask()).toBe("1");
  expect(await one.despite()).toBe(kept);
});

it("keeps no more than its room, of many small answers too", async () => {
  const one = served({ "cache-control": "max-age=60" });
  const of = (i: number) => ({ url: `${url}/${i}` });
  for (let i = 0; i <= 16_384; i += 1) await one.ask(of(i));
  expect(await one.ask(of(16_384))).toBe("1, kept");
  expect(await one.ask(of(0))).toBe("1");
});
