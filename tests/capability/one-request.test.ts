import { expect, it } from "vitest";
import { capabilityAbi } from "../../host/capability/abi.ts";
import { admit } from "../../host/capability/admission.ts";
import { CapabilityGuest } from "../../host/capability/capability-guest.ts";
import { encodeMessage, messageKind } from "../../host/capability/message.ts";
import { guest, span, wasm } from "./wat-package.ts";

const platform = { now: () => 0, random: (bytes: Uint8Array<ArrayBuffer>) => bytes };
const request = encodeMessage({ kind: messageKind.request, fields: [] });

/** How often it was called, as its answer's length. */
const counting = `(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
  ${span("(i32.const 4096)", "(global.get $calls)")}`;

async function started(more: string) {
  const bytes = wasm(
    guest({ handle: counting, resume: counting, more: `(global $calls (mut i32) (i32.const 0)) ${more}` }),
  );
  const granted = { clock: false, random: false, rewrite: false };
  const terms = { abi: capabilityAbi, granted, limits: { memory: 1 << 20 } };
  const { module, imports } = await admit(bytes, { name: "main", path: "main.wasm" }, terms);
  return await CapabilityGuest.start({ module, imports, answer: 4096 }, platform);
}

it.each([
  ["keeps its memory from one request to the next", "", [1, 2, 3, 4, 5]],
  ["has a fresh one for each request where it says so", `(func (export "cap_once"))`, [1, 2, 1, 2, 1]],
])("an instance %s", async (_, more, lengths) => {
  const one = await started(more);
  const entries = ["handle", "resume", "handle", "resume", "handle"];
  expect(entries.map((entry) => one.call(entry, request).bytes.length)).toEqual(lengths);
});

it("is refused where it says so with another type", async () => {
  await expect(started(`(func (export "cap_once") (result i32) (i32.const 1))`)).rejects.toThrow("cap_once");
});
