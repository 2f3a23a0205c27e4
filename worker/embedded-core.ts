/// <reference path="./virtual-core.d.ts" />
import { core as encoded } from "virtual:daprlet-core";
import type { Core } from "../host/core/core.ts";
import { compileCore, loadCore } from "../host/core/load-core.ts";

/** Makes cores from the module inside this bundle, which is compiled once, when the first is asked for. */
export function embeddedCore(): () => Promise<Core> {
  const compile = () => compileCore(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0)));
  let module: ReturnType<typeof compile> | undefined;
  return async () => {
    module ??= compile();
    return loadCore(await module);
  };
}
