import { describe, expect, it } from "vitest";
import { echo, opened, request, seen } from "./opened-http-wasm.ts";
import { missing, type PublishedGuest, published, publishedBytes } from "./published-guests.ts";

const loud = (lines: readonly string[]) => lines.map((line) => line.replace("component guest: ", ""));

/** Of http-wasm's benchmarks, in WAT and by TinyGo. */
const bench = (names: readonly string[], status: number, says: string): readonly PublishedGuest[] =>
  names
    .flatMap((name) => [`wat/${name}`, `tinygo/${name}/main`])
    .map((name) => ({
      guest: `tinygo/internal/test/testdata/bench/${name}.wasm`,
      does: `answers with ${status}`,
      status,
      says,
    }));

const failsLate = "error: its guest failed after the answer:";

/** All else that it publishes: benchmarks, those that fail by what they do, and what wants a host of a certain kind. */
const others: readonly PublishedGuest[] = [
  ...bench(["get_header_names", "get_header_values", "get_uri", "read_body", "read_body_stream"], 200, ""),
  ...bench(["log", "remove_header", "set_uri", "write_body"], 200, ""),
  ...bench(["set_status_code"], 404, ""),
  ...bench(["set_header_value"], 200, "content-type: text/plain"),
  ...bench(["add_header_value"], 200, "set-cookie: a=b"),
  {
    guest: "tinygo/internal/test/testdata/bench/tinygo/stream_body/main.wasm",
    does: "copies a body",
    status: 200,
    says: "",
  },
  {
    guest: "tinygo/internal/test/testdata/e2e/wat/router.wasm",
    does: "goes on without the head of a path",
    given: { path: "/host/a" },
    status: 201,
    says: "POST /a?name=panda",
  },
  {
    guest: "tinygo/internal/test/testdata/e2e/wat/wasi.wasm",
    does: "prints and goes on",
    status: 201,
    says: "hello",
  },
  {
    guest: "host/examples/config.wasm",
    does: "enables what its configuration says",
    config: "\u0003\0\0\0\0\0\0\0",
    status: 201,
    says: "hello",
  },
  {
    guest: "host/internal/test/testdata/error/set_request_header_after_next.wasm",
    does: "fails after the answer",
    status: 201,
    says: "hello",
    lines: [`${failsLate} it changes the request after it went on`],
  },
  {
    guest: "host/internal/test/testdata/error/panic_on_handle_response.wasm",
    does: "fails after the answer, and says why",
    status: 201,
    says: "hello",
    lines: ["debug: panic!", `${failsLate} it trapped: unreachable`],
  },
];

describe.skipIf(missing.length > 0)("a published guest", () => {
  const named = [...published, ...others].map((row) => [`${row.guest} ${row.does}`, row] as const);

  it.each(named)("%s", async (_, row) => {
    const guest = await opened(await publishedBytes(row.guest), row.config, false, 16 << 20);
    const { status, headers, body } = await seen(await guest.handle(request(row.given), echo));
    expect([status, `${headers}\n${body}`]).toEqual([row.status, expect.stringContaining(row.says)]);
    await new Promise((resolve) => setTimeout(resolve));
    if (row.lines !== undefined) expect(loud(guest.lines)).toEqual(row.lines);
  });

  it("that fails says why", async () => {
    for (const name of ["panic_on_start", "panic_on_handle_request"]) {
      const guest = await opened(await publishedBytes(`host/internal/test/testdata/error/${name}.wasm`));
      await expect(guest.handle(request(), echo)).rejects.toThrow("it trapped: unreachable");
      expect(loud(guest.lines)).toEqual(["debug: panic!"]);
    }
  });

  it("is told whether anybody reads what it logs", async () => {
    const bytes = await publishedBytes("host/examples/log.wasm");
    const guest = await opened(bytes, "", false, 1 << 20, "info");
    expect((await guest.handle(request(), echo)).status).toBe(201);
    expect(loud(guest.lines)).toEqual(["info: hello world"]);
    // It wants nobody to.
    await expect((await opened(bytes)).handle(request(), echo)).rejects.toThrow("it trapped: unreachable");
  });
});

if (missing.length > 0)
  it.skip(`published guests are left out: Go's module cache has no ${missing.join(" and ")}`, () =>
    undefined);
