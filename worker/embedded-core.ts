/// <reference path="./virtual-core.d.ts" />
import { core as encoded } from "virtual:daprlet-core";
import type { Core } from "../host/core/core.ts";
import { compileCore, loadCore } from "../host/core/load-core.ts";

/** Makes cores from the module inside this bundle, which is compiled once, when the first is asked for. */
export function embeddedCore(): () => Promise<Core> {
  const compile = async () => compileCore(await unpacked());
  let module: ReturnType<typeof compile> | undefined;
  return async () => {
    module ??= compile();
    return loadCore(await module);
  };
}

async function unpacked(): Promise<Uint8Array<ArrayBuffer>> {
  const deflated = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
  const bytes = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(bytes).arrayBuffer());
}
