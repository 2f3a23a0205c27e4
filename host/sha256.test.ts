import { createHash } from "node:crypto";
import { afterEach, expect, it, vi } from "vitest";
import { sha256 } from "./sha256.ts";

afterEach(() => vi.unstubAllGlobals());

it.each([
  ["with", globalThis.crypto],
  ["without", {}],
])("SHA-256 is the same %s crypto.subtle", async (_, crypto) => {
  vi.stubGlobal("crypto", crypto);
  const bytes = Uint8Array.from({ length: 1_000 }, (_, i) => (i * 31) & 0xff);
  expect(await sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
});
