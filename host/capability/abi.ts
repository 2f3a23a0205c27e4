import type { AbiName, Needs } from "./manifest.ts";

/** A function that a guest may import. */
export interface AbiImport {
  /** Such as `(i32,i32)->i64`. */
  readonly signature: string;
  /** What has to be granted for it; undefined: nothing. */
  readonly needs?: keyof ImportNeeds | undefined;
}

/** What of its needs a guest has by importing. */
export type ImportNeeds = Pick<Needs, "clock" | "random" | "rewrite">;

/** What a guest must be and may ask for, at the level of WebAssembly. */
export interface Abi {
  readonly name: AbiName;
  /** Functions that it must export, and their types. */
  readonly required: ReadonlyMap<string, string>;
  /** That it may export, of these types. */
  readonly optional: ReadonlyMap<string, string>;
  /** By `module.name`. */
  readonly imports: ReadonlyMap<string, AbiImport>;
  /** Its toolchains link as they like: the host writes the maximum of memory into the module ({@link preparedModule}). */
  readonly prepared?: true;
}

/** Version 1 of our own (docs/capability-abi.md). */
export const capabilityAbi: Abi = {
  name: "capability",
  required: new Map([
    ["cap_abi_version", "()->i32"],
    ["cap_alloc", "(i32)->i32"],
    ["cap_handle", "(i32,i32)->i64"],
  ]),
  optional: new Map([
    ["cap_resume", "(i32,i32)->i64"],
    ["_initialize", "()->()"],
    ["cap_once", "()->()"],
  ]),
  imports: new Map<string, AbiImport>([
    ["cap_host.log", { signature: "(i32,i32,i32)->()" }],
    ["cap_host.clock", { signature: "()->f64", needs: "clock" }],
    ["cap_host.random", { signature: "(i32,i32)->()", needs: "random" }],
  ]),
};
