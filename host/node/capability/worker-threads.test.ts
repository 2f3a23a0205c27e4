import { afterAll, describe, expect, it } from "vitest";
import { echo, guest, packageOf, wasm } from "../../../tests/capability/wat-package.ts";
import { capabilityAbi } from "../../capability/abi.ts";
import { admit } from "../../capability/admission.ts";
import type { Guest } from "../../capability/confinement.ts";
import { defaultLimits, type ModuleEntry } from "../../capability/manifest.ts";
import { encodeMessage, messageKind } from "../../capability/message.ts";
import type { SchemaCheck } from "../../capability/read-request.ts";
import { workerThreads } from "./worker-threads.ts";

const granted = { clock: false, random: false, rewrite: false };
const schemas = [{ type: "string" }];
const confinement = workerThreads();
afterAll(() => confinement.close());

async function started(wat: string): Promise<Guest> {
  const bytes = wasm(wat);
  const [entry] = (packageOf("lined", bytes).manifest as { modules: [ModuleEntry] }).modules;
  const module = await admit(bytes, entry, { abi: capabilityAbi, granted, limits: defaultLimits });
  const opened = await confinement.open();
  await opened.start({ module, schemas }, defaultLimits);
  return opened;
}

const message = (size: number) =>
  encodeMessage({ kind: messageKind.request, fields: [["x", new Uint8Array(size).fill(7)]] });

/** Answers what it was asked; with more than 100 bytes after a while. */
const slow = guest({
  handle: `(local $left i32)
    (if (i32.gt_u (local.get 1) (i32.const 100)) (then
      (local.set $left (i32.const 20000000))
      (loop $on (br_if $on (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))
    ${echo}`,
});

describe("a guest in a thread", () => {
  it.each([
    ["small", 10],
    ["as large as its line", 65_000],
    ["larger than its line", 70_000],
    ["far larger", 1_000_000],
  ])("answers a message that is %s, and others after it", async (_, size) => {
    const asked = await started(guest({ memory: "32 32" }));
    for (const length of [size, 10, size, size, 10]) {
      const sent = message(length);
      const copy = sent.slice();
      const { bytes } = await asked.call("handle", sent, []);
      expect(Buffer.compare(bytes.subarray(8), copy.subarray(8))).toBe(0);
    }
    asked.end();
  });

  it("is heard of when it takes longer than its caller stands there, time and again", async () => {
    const asked = await started(slow);
    for (const size of [200, 10, 200, 200, 200, 10, 10, 10, 10, 200, 10])
      expect((await asked.call("handle", message(size), [])).bytes.length).toBe(message(size).length);
    asked.end();
  });

  it("says what it logs, and what is wrong with a request", async () => {
    const asked = await started(
      guest({
        imports: '(import "cap_host" "log" (func $log (param i32 i32 i32)))',
        more: '(data (i32.const 1024) "so")',
        handle: `(call $log (i32.const 2) (i32.const 1024) (i32.const 2)) ${echo}`,
      }),
    );
    const { bytes, lines } = await asked.call("handle", message(10), []);
    expect([bytes.length, lines]).toEqual([message(10).length, [{ level: "warn", text: "so" }]]);
    const check = { schema: 0, what: "x", value: 5 } as unknown as SchemaCheck;
    expect((await asked.call("handle", message(10), [check])).refused).toMatch(/^x /);
    expect((await asked.call("handle", message(10), [{ ...check, value: "5" }])).refused).toBeUndefined();
    asked.end();
  });

  it("is ended whatever it does, and while it has nothing to do", async () => {
    const loops = await started(guest({ handle: "(loop $on (br $on)) (unreachable)" }));
    const never = loops.call("handle", message(10), []);
    loops.end();
    await expect(never).rejects.toThrow("it was ended");
    await expect(loops.call("handle", message(10), [])).rejects.toThrow("it was ended");
    const idle = await started(slow);
    idle.end();
    await expect(idle.call("handle", message(10), [])).rejects.toThrow("it was ended");
  });

  it("tells of a trap", async () => {
    const traps = await started(guest({ handle: "(unreachable)" }));
    await expect(traps.call("handle", message(10), [])).rejects.toThrow("it trapped: unreachable");
    traps.end();
  });
});
