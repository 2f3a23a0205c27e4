import { describe, expect, it } from "vitest";
import { echo, opened, request, seen } from "./opened-http-wasm.ts";
import { missing, published, publishedBytes } from "./published-guests.ts";

const loud = (lines: readonly string[]) => lines.map((line) => line.replace("component guest: ", ""));

describe.skipIf(missing.length > 0)("a published guest", () => {
  it.each(published.map((row) => [`${row.guest} ${row.does}`, row] as const))("%s", async (_, row) => {
    const guest = await opened(await publishedBytes(row), row.config, false, 16 << 20);
    const answer = await seen(await guest.handle(request(row.given), echo));
    expect([answer.status, answer.body]).toEqual([row.status, expect.stringContaining(row.says)]);
    await new Promise((resolve) => setTimeout(resolve));
    if (row.lines !== undefined) expect(loud(guest.lines)).toEqual(row.lines);
  });
});

if (missing.length > 0)
  it.skip(`published guests are left out: Go's module cache has no ${missing.join(" and ")}`, () =>
    undefined);
