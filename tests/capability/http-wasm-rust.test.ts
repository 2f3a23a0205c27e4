import { beforeAll, describe, expect, it } from "vitest";
import { compiledRust, noRust } from "./compiled-rust.ts";
import { echo, opened, request, seen } from "./opened-http-wasm.ts";

/** Rust's library prints and ends by WASI where it has it, and not at all where it has not. */
const targets = [
  { target: "wasm32-unknown-unknown", prints: false },
  { target: "wasm32-wasi", prints: true },
] as const;

describe.skipIf(noRust).each(targets)("a guest of http-wasm in Rust, for $target", ({ target, prints }) => {
  let guest: Awaited<ReturnType<typeof opened>>;
  beforeAll(async () => {
    guest = await opened(
      compiledRust("http-wasm-rust/guest.rs", target, "-zstack-size=65536"),
      "open-sesame",
    );
  }, 60_000);

  const asked = async (authorization: string, text = "hello") => {
    const headers = ["authorization", authorization, "x-a", "1"];
    const given = request({ headers, body: new TextEncoder().encode(text) });
    return await seen(await guest.handle(given, echo));
  };

  it("answers those itself whom it does not know", async () => {
    expect(await asked("Bearer sesame")).toEqual({
      status: 401,
      headers: expect.stringContaining("www-authenticate: Bearer"),
      body: "who are you?",
    });
    await new Promise((resolve) => setTimeout(resolve));
    if (prints) expect(guest.lines.at(-1)).toContain("POST /v1.0/hi?name=panda");
    else expect(guest.lines).toEqual([]);
  });

  it("changes what the others send and get, however long", async () => {
    for (const text of ["hello", "", "é".repeat(5_000)]) {
      const { status, headers, body } = await asked("Bearer open-sesame", text);
      expect([status, body]).toEqual([
        201,
        `POST /V1.0/HI?NAME=PANDA\nX-A: 1\nX-GUEST: RUST\n${text.replace("hello", "HELLO")}`,
      ]);
      expect(headers).toContain("x-seen: 7 0 201");
    }
  });
});
