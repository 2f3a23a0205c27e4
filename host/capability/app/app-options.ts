import { type Grant, readGrants } from "../grants.ts";
import { defaultLimits, highestLimits, type Limits } from "../manifest.ts";
import { ManifestError } from "../manifest-reader.ts";

/** What one says of a Wasm module that is an app. */
export interface WasmAppOptions {
  /** Of the module's bytes, in hexadecimal: others are refused. */
  readonly sha256?: string;
  /** Origins that it may fetch from, such as `https://api.example.com`; none when left out. */
  readonly fetch?: readonly string[];
  /** As in a package's manifest: `memory` (64Mi), `timeMs` (10000), `concurrency`, `calls`, `answer`. */
  readonly limits?: Readonly<Partial<Record<keyof Limits, number | string>>>;
}

/** Read and bounded. */
export interface AppTerms {
  readonly sha256: string | undefined;
  readonly fetch: readonly string[];
  readonly limits: Limits;
}

const defaults: Limits = { ...defaultLimits, memory: 64 << 20, timeMs: 10_000 };

/**
 * Throws a ManifestError that names the field. `maxConcurrency` is what an app may say of itself: there are no more instances, and
 * as many as that where there may be.
 */
export function appTerms(
  { sha256, fetch = [], limits = {} }: WasmAppOptions,
  maxConcurrency: number | undefined,
  source: string,
): AppTerms {
  const { needs, limits: given } = readGrants({ wasm: { fetch, limits } }, source).get("wasm") as Grant;
  for (const name of Object.keys(given) as (keyof Limits)[]) {
    if ((given[name] ?? 0) > highestLimits[name])
      throw new ManifestError(`${source}: wasm.limits.${name} is at most ${highestLimits[name]}`);
  }
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256))
    throw new ManifestError(`${source}: wasm.sha256 must be a SHA-256, 64 hexadecimal digits in lower case`);
  const concurrency = maxConcurrency ? Math.min(maxConcurrency, highestLimits.concurrency) : undefined;
  return {
    sha256,
    fetch: needs === "all" ? [] : needs.fetch,
    limits: { ...defaults, ...(concurrency !== undefined && { concurrency }), ...given },
  };
}
