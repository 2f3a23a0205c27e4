import { describe, expect, it, vi } from "vitest";
import { noContent, type RuntimeRequest, type RuntimeResponse } from "../../host/http.ts";
import { httpAttacks } from "./http-wasm-attacks.ts";
import {
  enable,
  goOn,
  type HttpGuestParts,
  httpGuestBytes,
  listing,
  pair,
  saying,
  set,
  stop,
} from "./http-wasm-guest.ts";
import { echo, opened, request, type Seen, seen } from "./opened-http-wasm.ts";

const encoder = new TextEncoder();

async function through(parts: HttpGuestParts, changes?: Partial<RuntimeRequest>, next = echo): Promise<Seen> {
  return await seen(await (await opened(httpGuestBytes(parts))).handle(request(changes), next));
}

const method = "(call $get_method (i32.const 8192) (i32.const 4096))";

/** What a guest reads, which it answers with. */
const reads: readonly (readonly [string, HttpGuestParts, string])[] = [
  ["the method", { request: saying("get_method") + stop }, "POST"],
  ["the URI", { request: saying("get_uri") + stop }, "/v1.0/hi?name=panda"],
  ["the protocol", { request: saying("get_protocol_version") + stop }, "HTTP/1.1"],
  ["who asks", { request: saying("get_source_addr") + stop }, "127.0.0.1:0"],
  [
    "names of headers, once and sorted",
    { request: listing("(call $get_header_names (i32.const 0) (i32.const 8192) (i32.const 4096))") + stop },
    "content-length\0host\0x-a\0x-b\0",
  ],
  [
    "all values of a header, whatever its case",
    {
      request:
        listing("(call $get_header_values (i32.const 0) (text $name) (i32.const 8192) (i32.const 4096))") +
        stop,
      texts: { name: "X-A" },
    },
    "1\u00003\0",
  ],
  [
    "no trailers",
    { request: listing("(call $get_header_names (i32.const 2) (i32.const 8192) (i32.const 4096))") + stop },
    "",
  ],
  [
    "the body in two parts, and its end",
    {
      request: `
        (local.set $wide (call $read_body (i32.const 0) (i32.const 8192) (i32.const 3)))
        (if (i64.ne (local.get $wide) (i64.const 3)) (then unreachable))
        (local.set $wide (call $read_body (i32.const 0) (i32.const 8195) (i32.const 4096)))
        (if (i64.ne (local.get $wide) (i64.const 4294967298)) (then unreachable))
        (call $write_body (i32.const 1) (i32.const 8192) (i32.const 5)) ${stop}`,
    },
    "hello",
  ],
  [
    "nothing where it has too little room, but how much it needs",
    {
      request: `
        (local.set $n (call $get_uri (i32.const 8192) (i32.const 3)))
        (if (i32.ne (local.get $n) (i32.const 19)) (then unreachable))
        (call $write_body (i32.const 1) (i32.const 8192) (i32.const 3)) ${stop}`,
    },
    "\0\0\0",
  ],
  [
    "which features there are: trailers are none",
    {
      request: `(if (i32.ne (call $enable_features (i32.const 7)) (i32.const 3)) (then unreachable)) ${stop}`,
    },
    "",
  ],
];

describe("a guest of http-wasm", () => {
  it.each(reads)("reads %s", async (_, parts, body) => {
    expect(await through(parts)).toEqual({ status: 200, headers: "", body });
  });

  it("answers with a status, headers and a body of its own", async () => {
    const answer = await through({
      request: `(call $set_status_code (i32.const 403)) ${set(1)} ${set(1, "add_header_value")}
        (call $write_body (i32.const 1) (text $name)) (call $write_body (i32.const 1) (text $value)) ${stop}`,
      texts: pair,
    });
    expect(answer).toEqual({ status: 403, headers: "x-new: new\nx-new: new", body: "X-Newnew" });
  });

  const passed: readonly (readonly [string, HttpGuestParts, string])[] = [
    [
      "as it came",
      {},
      "POST /v1.0/hi?name=panda\nhost: localhost\nx-a: 1\nx-b: 2\nx-a: 3\ncontent-length: 5\nhello",
    ],
    [
      "by another method and path",
      {
        request: `(call $set_method (text $method)) (call $set_uri (text $uri)) ${goOn}`,
        texts: { method: "PATCH", uri: "/v1.0/b%26c d?e=%26" },
      },
      "PATCH /v1.0/b%26c%20d?e=%26\nhost: localhost\nx-a: 1\nx-b: 2\nx-a: 3\ncontent-length: 5\nhello",
    ],
    [
      "to no path, which is the root",
      { request: `(call $set_uri (i32.const 0) (i32.const 0)) ${goOn}` },
      "POST /?\nhost: localhost\nx-a: 1\nx-b: 2\nx-a: 3\ncontent-length: 5\nhello",
    ],
    [
      "with a header set, one added, one removed, and none that frames it",
      {
        request: `
          (call $set_header_value (i32.const 0) (text $a) (text $value)) ${set(0, "add_header_value")}
          (call $remove_header (i32.const 0) (text $b))
          (call $set_header_value (i32.const 0) (text $length) (text $value))
          (call $set_header_value (i32.const 0) (text $host) (text $value)) ${goOn}`,
        texts: { ...pair, a: "x-a", b: "x-b", length: "Content-Length", host: "Host" },
      },
      "POST /v1.0/hi?name=panda\nhost: localhost\ncontent-length: 5\nx-a: new\nx-new: new\nhello",
    ],
    [
      "with a body of its own, and no length of the old one",
      {
        request: `(call $write_body (i32.const 0) (text $name)) (call $write_body (i32.const 0) (text $value)) ${goOn}`,
        texts: pair,
      },
      "POST /v1.0/hi?name=panda\nhost: localhost\nx-a: 1\nx-b: 2\nx-a: 3\nX-Newnew",
    ],
    [
      "without what it has read of the body",
      { request: `(drop (call $read_body (i32.const 0) (i32.const 8192) (i32.const 2))) ${goOn}` },
      "POST /v1.0/hi?name=panda\nhost: localhost\nx-a: 1\nx-b: 2\nx-a: 3\nllo",
    ],
    [
      "with all of the body that it has read, with buffer_request",
      {
        request: `${enable(1)} (drop (call $read_body (i32.const 0) (i32.const 8192) (i32.const 2))) ${goOn}`,
      },
      "POST /v1.0/hi?name=panda\nhost: localhost\nx-a: 1\nx-b: 2\nx-a: 3\ncontent-length: 5\nhello",
    ],
  ];

  it.each(passed)("lets a request go on %s", async (_, parts, body) => {
    expect(await through(parts)).toEqual({
      status: 201,
      headers: "content-type: text/plain\nx-next: 1",
      body,
    });
  });

  it("adds headers to a response before there is one, and takes none of its place", async () => {
    const parts = {
      request: `${set(1)} (call $set_header_value (i32.const 1) (text $type) (text $value)) ${goOn}`,
      texts: { ...pair, type: "content-type" },
    };
    expect((await through(parts)).headers).toBe("content-type: text/plain\nx-next: 1\nx-new: new");
  });

  it("has no body with a status that has none, whoever wrote one", async () => {
    const bodyOf = async (parts: HttpGuestParts, next = echo) => {
      const guest = await opened(httpGuestBytes({ texts: pair, ...parts }));
      return (await guest.handle(request(), next)).body;
    };
    const write = "(call $write_body (i32.const 1) (text $value))";
    const status = "(call $set_status_code (i32.const 204))";
    const read = "(drop (call $read_body (i32.const 1) (i32.const 8192) (i32.const 64)))";
    const nothing = async () => noContent;
    expect(await bodyOf({ request: `${status} ${write} ${stop}` })).toBeUndefined();
    expect(await bodyOf({ request: `${write} ${goOn}` }, nothing)).toBeUndefined();
    expect(await bodyOf({ start: enable(2), response: read }, nothing)).toBeUndefined();
    expect(await bodyOf({ start: enable(2), response: status })).toBeUndefined();
  });

  it("writes to a response before there is one: that comes first", async () => {
    const parts = {
      request: `(call $set_status_code (i32.const 202)) (call $write_body (i32.const 1) (text $value)) ${goOn}`,
      texts: { ...pair, value: "early " },
    };
    const { status, body } = await through(parts, {}, async () => ({
      status: 201,
      headers: ["content-length", "4"],
      body: encoder.encode("late"),
    }));
    expect([status, body]).toEqual([202, "early late"]);
  });

  it("changes a response with buffer_response, in the instance that had the request", async () => {
    const parts: HttpGuestParts = {
      start: enable(2),
      request: "(i64.const 0x700000001)",
      response: `
        (if (i32.ne (local.get $ctx) (i32.const 7)) (then unreachable))
        (if (i32.ne (call $get_status_code) (i32.const 201)) (then unreachable))
        (call $set_status_code (i32.const 202)) ${set(1)}
        (local.set $wide (call $read_body (i32.const 1) (i32.const 8192) (i32.const 4)))
        (call $write_body (i32.const 1) (i32.const 8192) (i32.const 4))
        (local.set $n ${method})
        (call $write_body (i32.const 1) (i32.const 8192) (local.get $n))`,
      texts: pair,
    };
    const answer = await through(parts);
    expect(answer).toEqual({
      status: 202,
      headers: "content-type: text/plain\nx-next: 1\nx-new: new",
      body: "POSTPOST",
    });
  });

  it("has a request to itself until its response, and others beside it", async () => {
    const middleware = await opened(
      httpGuestBytes({
        start: enable(2),
        more: "(global $requests (mut i32) (i32.const 0))",
        request: `(global.set $requests (i32.add (global.get $requests) (i32.const 1))) ${goOn}`,
        response: `(if (i32.gt_u (global.get $requests) (i32.const 1)) (then unreachable))
        (global.set $requests (i32.const 0)) (call $write_body (i32.const 1) (i32.const 8192) ${method})`,
      }),
    );
    // More than there are workers.
    const methods = Array.from({ length: 12 }, (_, i) => `M${i}`);
    const answers = methods.map(async (method) =>
      seen(
        await middleware.handle(request({ method }), (passed) =>
          new Promise((resolve) => setTimeout(resolve)).then(() => echo(passed)),
        ),
      ),
    );
    expect((await Promise.all(answers)).map(({ body }) => body)).toEqual(methods);
  });

  it("keeps no room for requests whose response it has nothing to do with", async () => {
    const middleware = await opened(httpGuestBytes({ memory: "64", start: enable(2) }), "", false, 4 << 20);
    const gates: (() => void)[] = [];
    const held = () => new Promise<RuntimeResponse>((resolve) => gates.push(() => resolve(noContent)));
    const waiting = Array.from({ length: 4 * 65 + 8 }, () => middleware.handle(request(), held));
    await vi.waitFor(() => expect(gates.length).toBe(waiting.length), 10_000);
    for (const open of gates) open();
    expect((await Promise.all(waiting)).every(({ status }) => status === 204)).toBe(true);
  });

  it("takes no request for which its worker has no room, until others have their answers", async () => {
    const guest = httpGuestBytes({ memory: "64", start: enable(2), response: "(drop (i32.const 0))" });
    const middleware = await opened(guest, "", false, 4 << 20);
    const gates: (() => void)[] = [];
    const held = () => new Promise<RuntimeResponse>((resolve) => gates.push(() => resolve(noContent)));
    // Four workers, each with room for 64 memories of 4 MiB and one more.
    const refused: string[] = [];
    const waiting = Array.from({ length: 4 * 65 + 8 }, () =>
      middleware.handle(request(), held).catch((error: unknown) => void refused.push(String(error))),
    );
    await vi.waitFor(() => expect(gates.length + refused.length).toBe(waiting.length), 10_000);
    for (const open of gates) open();
    await Promise.all(waiting);
    expect(new Set(refused)).toEqual(
      new Set([
        "ComponentError: component guest (middleware.http.wasm): too many requests that went on have no answer yet",
      ]),
    );
    expect((await middleware.handle(request(), echo)).status).toBe(201);
  });

  it("hears that a request failed, and changes nothing of it", async () => {
    const middleware = await opened(
      httpGuestBytes({
        response: "(if (local.get $error) (then (call $log (i32.const 2) (text $name))))",
        texts: pair,
      }),
    );
    await expect(middleware.handle(request(), () => Promise.reject(new Error("gone")))).rejects.toThrow(
      "gone",
    );
    expect(middleware.lines).toEqual(["error: component guest: X-New"]);
  });

  it("reads its configuration as it starts", async () => {
    const middleware = await opened(
      httpGuestBytes({
        more: "(global $size (mut i32) (i32.const 0))",
        start: "(global.set $size (call $get_config (i32.const 8192) (i32.const 4096)))",
        request: `(call $write_body (i32.const 1) (i32.const 8192) (global.get $size)) ${stop}`,
      }),
      "of the user",
    );
    expect((await seen(await middleware.handle(request(), echo))).body).toBe("of the user");
  });

  it("logs by its levels, and by lines of its standard output", async () => {
    const vector = new Uint8Array(new Uint32Array([1034, 8]).buffer);
    const logs = [-1, 0, 1, 2, 3].map((level) => `(call $log (i32.const ${level}) (text $name))`).join("");
    const middleware = await opened(
      httpGuestBytes({
        request: `${logs}
        (if (call $log_enabled (i32.const 3)) (then unreachable))
        (if (call $fd_write (i32.const 1) (global.get $vector) (i32.const 1) (i32.const 8192)) (then unreachable))
        (if (i32.ne (i32.load (i32.const 8192)) (i32.const 8)) (then unreachable)) ${stop}`,
        texts: { pad: "  ", vector, written: "one\ntwo\n", name: "said" },
      }),
    );
    await middleware.handle(request(), echo);
    expect(middleware.lines).toEqual([
      "debug: component guest: said",
      "info: component guest: said",
      "warn: component guest: said",
      "error: component guest: said",
      "debug: component guest: one",
      "debug: component guest: two",
    ]);
  });
});

/** A call of WASI, and the number that it answers. */
const wasi: readonly (readonly [name: string, call: string, answer: number])[] = [
  ["has no arguments", "(call $args_sizes_get (i32.const 8192) (i32.const 8196))", 0],
  ["has no environment", "(call $environ_sizes_get (i32.const 8192) (i32.const 8196))", 0],
  ["reads nothing", "(call $fd_read (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8192))", 0],
  ["knows its standard output", "(call $fd_fdstat_get (i32.const 1) (i32.const 8200))", 0],
  ["does not move in it", "(call $fd_seek (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 8200))", 70],
  ["has no other file", "(call $fd_fdstat_get (i32.const 3) (i32.const 8200))", 8],
  ["has no folder", "(call $fd_prestat_get (i32.const 3) (i32.const 8200))", 8],
  [
    "opens nothing",
    "(call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 8200))",
    8,
  ],
  [
    "writes to no other file",
    "(call $fd_write (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 8192))",
    8,
  ],
  ["has no socket", "(call $sock_accept (i32.const 3) (i32.const 0) (i32.const 8200))", 8],
  ["has two clocks", "(call $clock_time_get (i32.const 2) (i64.const 0) (i32.const 8200))", 28],
  [
    "waits for nothing",
    "(call $poll_oneoff (i32.const 8208) (i32.const 8300) (i32.const 1) (i32.const 8400))",
    0,
  ],
  [
    "waits for a thousand things at most",
    "(call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const 0x10000000) (i32.const 8192))",
    28,
  ],
];

describe("a guest of http-wasm that was linked for WASI", () => {
  it.each(wasi)("%s", async (_, call, answer) => {
    // What a call answers through memory is nothing: the two numbers at 8192.
    const request = `
      (i32.store (i32.const 8192) (i32.const 0)) (i32.store (i32.const 8196) (i32.const 0))
      (local.set $n ${call})
      (if (i64.ne (i64.load (i32.const 8192)) (i64.const 0)) (then unreachable))
      (call $set_status_code (i32.add (i32.const 200) (local.get $n))) ${stop}`;
    expect((await through({ request })).status).toBe(200 + answer);
  });

  const ran = "(global.set $ran (i32.add (global.get $ran) (i32.const 1)))";
  const started = `(call $set_status_code (i32.add (i32.const 200) (global.get $ran))) ${stop}`;
  const global = "(global $ran (mut i32) (i32.const 0))";

  it.each([
    ["_initialize", `(func (export "_initialize") ${ran})`],
    ["_start", `(func (export "_start") ${ran})`],
    ["_initialize alone", `(func (export "_initialize") ${ran}) (func (export "_start") unreachable)`],
    ["_start, with a table that has no maximum", `(func (export "_start") ${ran}) (table 1 funcref)`],
  ])("begins with %s", async (_, more) => {
    expect((await through({ request: started, more: `${global} ${more}` })).status).toBe(201);
  });

  it("knows the time in milliseconds, and in a strict sandbox how often it asked", async () => {
    const clock = "(drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 8192)))";
    const elapsed = `${clock} (local.set $wide (i64.load (i32.const 8192))) ${clock}
      (local.set $wide (i64.sub (i64.load (i32.const 8192)) (local.get $wide)))
      (call $set_status_code (i32.add (i32.const 200) (i32.wrap_i64 (i64.div_u (local.get $wide) (i64.const 1000000)))))`;
    const chance = `(drop (call $random_get (i32.const 8192) (i32.const 8)))
      (call $write_body (i32.const 1) (i32.const 8192) (i32.const 8)) ${stop}`;
    const answers = async (strict: boolean) => {
      const guest = await opened(httpGuestBytes({ request: elapsed + chance }), "", strict);
      return await seen(await guest.handle(request(), echo));
    };
    expect((await answers(false)).status).toBe(200);
    expect((await answers(true)).status).toBe(201);
    expect((await answers(true)).body).toBe((await answers(true)).body);
    expect((await answers(false)).body).not.toBe((await answers(false)).body);
  });
});

describe("a guest of http-wasm that does wrong", () => {
  it.each(httpAttacks.filter(({ late }) => !late).map((attack) => [attack.name, attack] as const))(
    "by %s ends",
    async (_, { parts, says }) => {
      const middleware = await opened(httpGuestBytes(parts));
      const failed = middleware.handle(request(), echo);
      await expect(failed).rejects.toMatchObject({
        message: expect.stringContaining(`component guest (middleware.http.wasm): its guest failed: ${says}`),
      });
    },
  );

  const late: readonly (readonly [string, HttpGuestParts, string])[] = [
    [
      "changes a response that is not buffered",
      { response: set(1), texts: pair },
      "it changes the response, and did not enable buffer_response",
    ],
    [
      "asks for a status that is not buffered",
      { response: "(drop (call $get_status_code))" },
      "it asks for the status, and did not enable buffer_response",
    ],
  ];

  it.each(late)("%s: it is logged, since the response is away", async (_, parts, says) => {
    const middleware = await opened(httpGuestBytes(parts));
    expect((await seen(await middleware.handle(request(), echo))).status).toBe(201);
    await new Promise((resolve) => setTimeout(resolve));
    expect(middleware.lines).toEqual([`error: component guest: its guest failed after the answer: ${says}`]);
  });

  it("gets another instance with the next request", async () => {
    const middleware = await opened(
      httpGuestBytes({
        more: "(global $requests (mut i32) (i32.const 0))",
        request: `(if (i32.eq ${method} (i32.const 3)) (then unreachable)) ${stop}`,
      }),
    );
    await expect(middleware.handle(request({ method: "PUT" }), echo)).rejects.toThrow("it trapped");
    expect((await middleware.handle(request(), echo)).status).toBe(200);
  });
});
