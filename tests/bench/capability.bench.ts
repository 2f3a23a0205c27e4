import { resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { capabilityAbi } from "../../host/capability/abi.ts";
import { admit } from "../../host/capability/admission.ts";
import { GuestPort } from "../../host/capability/guest-port.ts";
import { defaultLimits, type ModuleEntry } from "../../host/capability/manifest.ts";
import { decodeMessage, encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { linkComponent } from "../../host/node/cli/capability/component/link-component.ts";
import { capabilityWit, compiledC, componentOf, noCompiler } from "../capability/built-component.ts";
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

const limits = { ...defaultLimits, memory: 64 << 20 };

/** A guest of these bytes in this process, where nothing confines it. */
async function started(bytes: Uint8Array<ArrayBuffer>): Promise<(message: Uint8Array) => unknown> {
  const { modules } = packageOf("bench", bytes).manifest as { modules: [ModuleEntry] };
  const granted = { clock: true, random: true, rewrite: false };
  const { module, imports } = await admit(bytes, modules[0], { abi: capabilityAbi, granted, limits });
  const port = new GuestPort({ now: () => 0, random: (span) => span });
  await port.start({ guest: { abi: "capability", module, imports, answer: 1 << 20 }, schemas: [] });
  return (message) => {
    const told = port.call("handle", message, []);
    if (!("value" in told)) throw new Error(told.message);
    return told;
  };
}

const request = (...pairs: readonly (readonly [string, string])[]) =>
  encodeMessage({ kind: messageKind.request, fields: pairs.map(([name, value]) => textField(name, value)) });

/** What a call costs in this process, with the message that carries it: of a plain function, and of a guest of each kind. */
export default async function bench(): Promise<void> {
  const greeting = () => request([":operation", "greet"], [":path", "/greet"], ["name", "Ada"]);
  const told = async (
    what: string,
    call: (message: Uint8Array) => unknown,
    than?: number,
    times = 100_000,
  ) => {
    await timed(times / 10, () => call(greeting()));
    const each = (await timed(times, () => call(greeting()))) * 1000;
    const ratio = than === undefined ? "" : `, ${(each / than).toFixed(1)}× the plain function`;
    console.log(`in process, ${what}: ${each.toFixed(2)} µs a call (p50)${ratio}`);
    return each;
  };
  const plain = await told("a plain function that reads the message and answers it", (message) => {
    const { fields } = decodeMessage(message);
    return encodeMessage({ kind: messageKind.answer, fields });
  });
  await told("a module of the capability ABI", await started(wasm(guest())), plain);
  if (noCompiler) return console.log("a Wasm component is left out: clang or wasm-ld is missing.");
  const component = await componentOf(compiledC("component-c/guest.c"), capabilityWit(), "capability");
  // Its allocator gives nothing back.
  const linked = await linkComponent(component, 1024, resolve(import.meta.dirname, "../.."));
  await told("a Wasm component, as it is built", await started(new Uint8Array(linked)), plain, 2_000);
}
