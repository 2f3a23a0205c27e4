import type { OpenWasm } from "../../components/middleware/wasm.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import type { Platform } from "../../platform.ts";
import { admit } from "../admission.ts";
import type { Confinement, GuestLine } from "../confinement.ts";
import { GuestFault } from "../guest-fault.ts";
import { GuestPool } from "../guest-pool.ts";
import { defaultLimits } from "../manifest.ts";
import { plainLog } from "../plain-log.ts";
import { httpWasmAbi } from "./http-wasm-abi.ts";
import { HttpWasmCalls } from "./http-wasm-calls.ts";
import { HttpWasmMiddleware } from "./http-wasm-middleware.ts";

/** Bytes of a body that the guest sees or writes. */
const MAX_BODY = 64 << 20;

/** Workers at a time. Each has an instance for every request that went on. */
const CONCURRENCY = 4;

/** All that its toolchain may ask for: a user named it, and Dapr asks for no grants. */
const granted = { clock: true, random: true, rewrite: true };

export interface WasmHost {
  /** Whether there is a place for an instance as a component opens: one that cannot start is found then. */
  readonly eager: boolean;
  confinement(): Confinement;
  /** The bytes at an address. Rejects with an Error that says why not. */
  read(url: string, platform: Platform): Promise<Uint8Array<ArrayBuffer>>;
}

/** Opens `middleware.http.wasm`: a module by its address, let in and confined as a package's. */
export function openWasm({ eager, confinement, read }: WasmHost): OpenWasm {
  return async ({ url, guestConfig, strictSandbox, sha256, maxMemory, timeout }, { name, platform, log }) => {
    const type = "middleware.http.wasm";
    const limits = {
      ...defaultLimits,
      memory: maxMemory,
      timeMs: timeout,
      concurrency: CONCURRENCY,
      answer: MAX_BODY,
    };
    const failed = (error: unknown): never => {
      throw new ComponentError(
        "INVALID_ARGUMENT",
        `component ${name}: metadata field url: ${reasonOf(error)}`,
      );
    };
    const bytes = await read(url, platform).catch(failed);
    const entry = { name, path: url, ...(sha256 !== undefined && { sha256 }) };
    const module = await admit(bytes, entry, { abi: httpWasmAbi, granted, limits }).catch(failed);
    const settings = {
      config: new TextEncoder().encode(guestConfig),
      strict: strictSandbox,
      level: log.level,
    };
    const held = confinement();
    const said = plainLog(log);
    const say = ({ level, text }: GuestLine) => said[level](`component ${name}: ${text}`);
    const pool = new GuestPool(held, { module, schemas: [], settings }, limits, platform, say);
    const late = () => new GuestFault("deadline", `it did not answer within ${timeout} ms`);
    if (eager) {
      await pool
        .with(async () => undefined, late)
        .catch((error: unknown) => {
          pool.close();
          void held.close();
          return failed(error);
        });
    }
    const calls = new HttpWasmCalls(module, pool, { call: (call) => call(late), begin: () => () => {} }, say);
    return new HttpWasmMiddleware({
      name,
      type,
      guests: () => ({ calls, imports: module.imports }),
      trusted: true,
      maxBodySize: MAX_BODY,
      log: said,
      close() {
        calls.close();
        void held.close();
      },
    });
  };
}
