import { accessTables } from "./access-table.ts";
import type { Core } from "./core.ts";
import { directories } from "./directory.ts";
import { instantiate } from "./exports.ts";
import { placements } from "./placement.ts";
import { bindRequests, type Requests } from "./requests.ts";

/** Compiles core.wasm. For Node, whose module may also be compiled synchronously, and for pages. */
export function compileCore(bytes: BufferSource): Promise<WebAssembly.Module> {
  return WebAssembly.compile(bytes);
}

/**
 * A core of its own instance. Throws when the module is of another version than this host. A trap is thrown as it
 * came; the next call finds a new instance, since the memory of the old one is in no known state.
 */
export function loadCore(module: WebAssembly.Module): Core {
  let requests = bindRequests(instantiate(module));

  function guard<In extends unknown[], Out>(
    call: (core: Requests, ...input: In) => Out,
  ): (...input: In) => Out {
    return (...input) => {
      try {
        return call(requests, ...input);
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError) requests = bindRequests(instantiate(module));
        throw error;
      }
    };
  }

  return {
    ...placements(module),
    ...accessTables(module),
    ...directories(module),
    route: guard((core, method: string, path: string) => core.route(method, path)),
    normalise: guard((core, path: string) => core.normalise(path)),
    scanState: guard((core, body: Uint8Array) => core.scanState(body)),
    scanTransaction: guard((core, body: Uint8Array) => core.scanTransaction(body)),
    scanBinding: guard((core, body: Uint8Array) => core.scanBinding(body)),
    scanEntries: guard((core, body: Uint8Array) => core.scanEntries(body)),
    isJson: guard((core, bytes: Uint8Array) => core.isJson(bytes)),
    frame: guard((core, attributes, data: Uint8Array) => core.frame(attributes, data)),
    complete: guard((core, defaults, event: Uint8Array) => core.complete(defaults, event)),
    xxhash64: guard((core, bytes: Uint8Array) => core.xxhash64(bytes)),
    blake2b512: guard((core, bytes: Uint8Array) => core.blake2b512(bytes)),
    traceparent: guard((core, parent, random: Uint8Array) => core.traceparent(parent, random)),
    backOff: guard((core, policy, failures, elapsedMs, chance) =>
      core.backOff(policy, failures, elapsedMs, chance),
    ),
    newBreaker: guard((core, settings, now) => core.newBreaker(settings, now)),
    breakerState: guard((core, record, now) => core.breakerState(record, now)),
    enterBreaker: guard((core, record, now) => core.enterBreaker(record, now)),
    leaveBreaker: guard((core, record, now, generation: number, outcome) =>
      core.leaveBreaker(record, now, generation, outcome),
    ),
    tripBreaker: guard((core, record, now) => core.tripBreaker(record, now)),
  };
}
