import { createHash } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { plainSha256, sha256 } from "./sha256.ts";

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31) & 0xff);

describe("SHA-256 without crypto.subtle", () => {
  it.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 1000])("of %i bytes is what it is with it", (length) => {
    const expected = createHash("sha256").update(bytes(length)).digest("hex");
    expect(Buffer.from(plainSha256(bytes(length))).toString("hex")).toBe(expected);
  });

  it("takes its place on an insecure origin", async () => {
    const expected = await sha256(bytes(100));
    vi.stubGlobal("crypto", {});
    expect(await sha256(bytes(100))).toBe(expected);
    vi.unstubAllGlobals();
  });
});
