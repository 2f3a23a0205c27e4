import { performance } from "node:perf_hooks";
import { capabilityAbi } from "../../host/capability/abi.ts";
import { admit } from "../../host/capability/admission.ts";
import { GuestPort } from "../../host/capability/guest-port.ts";
import { defaultLimits, type ModuleEntry } from "../../host/capability/manifest.ts";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { guest, packageOf, wasm } from "../capability/wat-package.ts";

const middle = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1] as number;

async function timed(times: number, call: () => Promise<unknown> | unknown): Promise<number> {
  const each: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const began = performance.now();
    await call();
    each.push(performance.now() - began);
  }
  return middle(each);
}

/** What a call of a guest costs in this process, where nothing confines it. */
export default async function bench(): Promise<void> {
  const bytes = wasm(guest());
  const { modules } = packageOf("bench", bytes).manifest as { modules: [ModuleEntry] };
  const terms = {
    abi: capabilityAbi,
    granted: { clock: false, random: false, rewrite: false },
    limits: defaultLimits,
  };
  const { module, imports } = await admit(bytes, modules[0], terms);
  const port = new GuestPort({ now: () => 0, random: (span) => span });
  await port.start({ guest: { abi: "capability", module, imports, answer: 1 << 20 }, schemas: [] });
  const fields = [textField(":path", "/x")];
  const call = () => port.call("handle", encodeMessage({ kind: messageKind.request, fields }), []);
  await timed(10_000, call);
  console.log(`in process: ${((await timed(100_000, call)) * 1000).toFixed(1)} µs a call (p50)`);
}
