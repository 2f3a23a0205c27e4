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
  /** What the adapter calls an export of the guest; undefined: nothing that it needs. */
  guest(name: string): string | undefined;
  /** What the guest must export, by the adapter's names. */
  readonly required: readonly string[];
  /** Who gives the guest what it imports; undefined: nobody. */
  host(one: CoreImport): Place | undefined;
  /** Of binaryen, once all is one module. */
  readonly passes: readonly string[];
}

/** What follows an interface's name in either convention: `#handle`, or `|handle` after `cm32p2|`. */
function functionOf(name: string, face: RegExp): string | undefined {
  const post = /^cabi_post_/.test(name) || /_post$/.test(name);
  const plain = name.replace(/^(cabi_post_|cm32p2\|)/, "").replace(/_post$/, "");
  const [, version, called] = new RegExp(`^${face.source}[#|]([\\w-]+)$`).exec(plain) ?? [];
  return version === undefined || called === undefined ? undefined : `${post ? "post-" : ""}${called}`;
}

type Place = Pick<CoreImport, "module" | "name">;

export const isPreview1 = ({ module }: CoreImport): boolean => module === PREVIEW1;

/** Of a language's own library: what the adapter does not have, a stub refuses. */
function preview1({ module, name }: CoreImport): Place | undefined {
  // What is imported more than once has a number in a Wasm component.
  const plain = name.replace(/ \[v\d+\]$/, "");
  const known = module === PREVIEW1 && wasiSignatures.has(wasiName(plain));
  return known ? { module: "adapter", name: plain } : undefined;
}

/** Of WASI, by interfaces of the component model. */
function preview2({ module, name }: CoreImport): Place | undefined {
  const [, face] = /^(?:cm32p2\|)?wasi:[\w-]+\/([\w-]+)@0\.2[\d.]*$/.exec(module) ?? [];
  return face === undefined ? undefined : { module: "adapter", name: adapterName(face, name) };
}

/**
 * What a guest may import although there is none of it: all of preview 1, which answers so, and of preview 2 what begins with a
 * folder or a network, which nobody gives it.
 */
export function refusalOf({ module }: CoreImport): ConstantFunction["does"] {
  if (module === PREVIEW1) return EBADF;
  return /^(cm32p2\|)?wasi:(filesystem|sockets)\//.test(module) ? "trap" : undefined;
}

const capability: World = {
  name: "daprlet:capability/guest@1",
  adapter: "world.wasm",
  guest: (name) => functionOf(name, /daprlet:capability\/guest@(1[\d.]*)/),
  required: ["realloc", "handle"],
  host(one) {
    const { module, name } = one;
    if (!/^(cm32p2\|)?daprlet:capability\/host@1[\d.]*$/.test(module)) return preview1(one) ?? preview2(one);
    return { module: name === "random" ? "adapter" : "cap_host", name };
  },
  passes: [],
};

/** What the adapter calls a function of WASI: by its resource, or else by its interface. */
function adapterName(face: string, name: string): string {
  if (/^\[resource-drop\]|^[\w-]+_drop$/.test(name)) return "drop_resource";
  const [, kind, rest = name] = /^\[(constructor|method|static)\](.*)$/.exec(name) ?? [];
  const whole = kind === undefined ? `${face}_${name}` : kind === "constructor" ? `new_${rest}` : rest;
  return whole.replace(/[-.]/g, "_");
}

const http: World = {
  name: "wasi:http/incoming-handler@0.2",
  adapter: "http.wasm",
  guest: (name) => functionOf(name, /wasi:http\/incoming-handler@(0\.2[\d.]*)/),
  required: ["realloc", "handle"],
  host: (one) => preview1(one) ?? preview2(one),
  // Only what waits for a call is to be unwound: nothing of the host waits.
  passes: ["--asyncify", "--pass-arg=asyncify-ignore-imports", "-O2"],
};

export const worlds: readonly World[] = [capability, http];

/** A module that keeps to the ABI itself, by a language whose library wants WASI. */
export const bare: World = {
  name: "the ABI",
  adapter: "preview1.wasm",
  guest: (name) => (/^cap_\w+$/.test(name) ? name : undefined),
  required: ["cap_handle"],
  host: (one) => (one.module === "cap_host" ? one : preview1(one)),
  passes: [],
};
