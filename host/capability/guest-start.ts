import type { Program } from "./confinement.ts";
import type { GuestStart } from "./guest-port.ts";
import type { Limits } from "./manifest.ts";

/** What a worker is told of a program: its module as it is compiled, or as bytes where the engine hands none to the worker. */
export function guestStart(
  { module, schemas, settings }: Program,
  { answer }: Limits,
  as: "module" | "bytes",
): GuestStart {
  if (module === undefined) return { schemas };
  const { abi, imports } = module;
  return { guest: { abi: abi.name, module: module[as], imports, answer, settings }, schemas };
}
