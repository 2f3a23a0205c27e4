import { wasiName, wasiSignatures } from "../../../../capability/http-wasm/wasi-signatures.ts";
import type { ConstantFunction } from "./constant-functions.ts";
import type { CoreImport } from "./core-module.ts";

const PREVIEW1 = "wasi_snapshot_preview1";

/** WASI's number for no such file. */
const EBADF = 8;

/** An interface that Wasm components may have been written for, and what makes it ours. */
export interface World {
  /** For messages. */
  readonly name: string;
  /** File of the module that speaks to it. */
  readonly adapter: string;
  /** What a component exports that is one of it. */
  readonly exports: RegExp;
  /** Functions that this must have. */
  readonly required: readonly string[];
  /** Who gives the guest what it imports; undefined: nobody. */
  host(one: CoreImport): Place | undefined;
  /** Interfaces that may be imported, and not called: they begin with a folder or a network, which nobody gives a guest. */
  readonly traps: RegExp;
  /** Of binaryen, once all is one module. `once`: a guest that takes one request only. */
  passes(once: boolean): readonly string[];
}

/** Whose function it is, by a module and a name in it. */
export type Place = Pick<CoreImport, "module" | "name">;

export const isPreview1 = ({ module }: CoreImport): boolean => module === PREVIEW1;

/** Of a language's own library: what the adapter does not have, a stub refuses. */
export function preview1({ module, name }: CoreImport): Place | undefined {
  // What is imported more than once has a number in a Wasm component.
  const plain = name.replace(/ \[v\d+\]$/, "");
  const known =
    module === PREVIEW1 && (wasiSignatures.has(wasiName(plain)) || plain === "reset_adapter_state");
  return known ? { module: "adapter", name: plain } : undefined;
}

/** Of WASI, by interfaces of the component model. */
function preview2({ module, name }: CoreImport): Place | undefined {
  const [, face] = /^wasi:[\w-]+\/([\w-]+)@0\.2[\d.]*$/.exec(module) ?? [];
  return face === undefined ? undefined : { module: "adapter", name: adapterName(face, name) };
}

/** What a guest may import although there is none of it: all of preview 1, which answers so, and what a world traps at. */
export function refusalOf({ module }: CoreImport, { traps }: World): ConstantFunction["does"] {
  if (module === PREVIEW1) return EBADF;
  return traps.test(module) ? "trap" : undefined;
}

const capability: World = {
  name: "daprlet:capability/guest@1",
  adapter: "world.wasm",
  exports: /^daprlet:capability\/guest@1[\d.]*$/,
  required: ["handle"],
  host(one) {
    const { module, name } = one;
    if (!/^daprlet:capability\/host@1[\d.]*$/.test(module)) return preview1(one) ?? preview2(one);
    return { module: name === "random" ? "adapter" : "cap_host", name };
  },
  // What componentize-js puts into every component, whether it is used or not.
  traps: /^wasi:(filesystem|sockets|http)\//,
  passes: () => [],
};

/** What the adapter calls a function of WASI: by its resource, or else by its interface. */
function adapterName(face: string, name: string): string {
  if (/^\[resource-drop\]/.test(name)) return "drop_resource";
  const [, kind, rest = name] = /^\[(constructor|method|static)\](.*)$/.exec(name) ?? [];
  const whole = kind === undefined ? `${face}_${name}` : kind === "constructor" ? `new_${rest}` : rest;
  return whole.replace(/[-.]/g, "_");
}

const http: World = {
  name: "wasi:http/incoming-handler@0.2",
  adapter: "http.wasm",
  exports: /^wasi:http\/incoming-handler@0\.2[\d.]*$/,
  required: ["handle"],
  host: (one) => preview1(one) ?? preview2(one),
  traps: /^wasi:(filesystem|sockets)\//,
  // Only what waits for a call is to be unwound: nothing of the host waits.
  passes: (once) => (once ? [] : ["--asyncify", "--pass-arg=asyncify-ignore-imports", "-O2"]),
};

export const worlds: readonly World[] = [capability, http];

/** A module that keeps to the ABI itself, by a language whose library wants WASI. */
export const bare: World = {
  name: "the ABI",
  adapter: "preview1.wasm",
  exports: /^$/,
  required: [],
  host: (one) => (one.module === "cap_host" ? one : preview1(one)),
  traps: /^$/,
  passes: () => [],
};
