import { reasonOf } from "../host/errors/reason-of.ts";

/** Why a runtime did not start, and what would help where a policy forbids its core, the first WebAssembly that a worker compiles. */
export function withRemedy(error: unknown): string {
  const reason = reasonOf(error);
  if (!(error instanceof Error) || error.name !== "CompileError") return reason;
  return `${reason}; the worker's script needs script-src 'wasm-unsafe-eval'`;
}
