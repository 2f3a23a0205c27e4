import { reasonOf } from "../errors/reason-of.ts";
import { sha256 as hashOf } from "../sha256.ts";
import type { Abi, ImportNeeds } from "./abi.ts";
import { GuestFault } from "./guest-fault.ts";
import type { Limits, ModuleEntry } from "./manifest.ts";
import { moduleSections } from "./module-sections.ts";
import { preparedModule } from "./prepared-module.ts";

const PAGE = 65_536;

/** Bytes of a module. */
const MAX_MODULE = 64 << 20;

/** Elements in all tables of a module. */
const MAX_ELEMENTS = 65_536;

/** A module that was let in. */
export interface AdmittedModule {
  readonly name: string;
  readonly abi: Abi;
  readonly sha256: string;
  /** What was hashed, or what the host made of it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly module: WebAssembly.Module;
  /** What it imports, by `module.name`: all of it granted. */
  readonly imports: readonly string[];
  /** Bytes that its memory can grow to. */
  readonly memory: number;
}

/** A module as its manifest has it; without a hash where nobody vouched for one. */
export type AdmissionEntry = Pick<ModuleEntry, "name" | "path"> & Partial<Pick<ModuleEntry, "sha256">>;

/** What a module has to keep to. */
export interface AdmissionTerms {
  readonly abi: Abi;
  /** What was asked for and granted. */
  readonly granted: ImportNeeds;
  readonly limits: Pick<Limits, "memory">;
}

function refuse(cause: string): never {
  throw new GuestFault("refused", cause);
}

async function checkHash(bytes: Uint8Array<ArrayBuffer>, { path, sha256 }: AdmissionEntry): Promise<string> {
  const found = await hashOf(bytes);
  if (sha256 !== undefined && found !== sha256)
    refuse(`${path} has the SHA-256 ${found}, where its manifest says ${sha256}`);
  return found;
}

async function compile(
  bytes: Uint8Array<ArrayBuffer>,
  { path }: AdmissionEntry,
): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    const reason = reasonOf(error);
    if (/unsafe-eval|Content.Security.Policy|\bCSP\b/i.test(reason)) {
      refuse(
        "the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src",
      );
    }
    return refuse(`${path} is no module that this engine compiles: ${reason}`);
  }
}

function checkImport(name: string, signature: string, { abi, granted }: AdmissionTerms): void {
  const known = abi.imports.get(name);
  if (known === undefined) {
    const remedy = name.startsWith("wasi_") ? ": daprlet capability build links that in" : "";
    refuse(`it imports ${name}, which the ABI does not have${remedy}`);
  }
  if (known.signature !== signature)
    refuse(`it imports ${name} as ${signature}, where it is ${known.signature}`);
  const { needs } = known;
  if (needs !== undefined && !granted[needs]) {
    refuse(`it imports ${name}, which takes ${needs}: true among its needs, and the user's grant of it`);
  }
}

function checkExports(exports: ReadonlyMap<string, string>, { abi }: AdmissionTerms): void {
  if (exports.size === 0) refuse("it exports nothing: no function of it can be called");
  for (const [name, signature] of abi.required) {
    const found = exports.get(name);
    if (found === undefined) refuse(`it does not export the function ${name}${signature}`);
    if (found !== signature) refuse(`it exports ${name} as ${found}, where the ABI has ${signature}`);
  }
  for (const [name, signature] of abi.optional) {
    const found = exports.get(name);
    if (found !== undefined && found !== signature)
      refuse(`it exports ${name} as ${found}, where the ABI has ${signature}`);
  }
}

/**
 * Lets a module in, or throws a GuestFault that says why not: its hash, each import against the grant, a maximum of its
 * memory within its limits, its exports and their types. Nothing of it has run then: a start function runs within the
 * deadline of a first call.
 */
export async function admit(
  given: Uint8Array<ArrayBuffer>,
  entry: AdmissionEntry,
  terms: AdmissionTerms,
): Promise<AdmittedModule> {
  if (given.length > MAX_MODULE)
    refuse(`${entry.path} has ${given.length} bytes, where ${MAX_MODULE} are the most`);
  const sha256 = await checkHash(given, entry);
  const bytes = terms.abi.prepared
    ? preparedModule(given, Math.floor(terms.limits.memory / PAGE), MAX_ELEMENTS)
    : given;
  const module = await compile(bytes, entry);
  const { memories, tables, imports, exports } = moduleSections(bytes);
  for (const { name, signature } of imports) checkImport(name, signature, terms);
  checkExports(exports, terms);
  const memory = memories[0];
  if (memory === undefined || memories.length > 1)
    refuse(`it has ${memories.length} memories, where the ABI has one`);
  const isMemory = ({ name, kind }: WebAssembly.ModuleExportDescriptor) =>
    name === "memory" && kind === "memory";
  if (!WebAssembly.Module.exports(module).some(isMemory)) refuse("it does not export its memory as memory");
  if (memory.maximum === undefined)
    refuse("its memory has no maximum: nothing would bound it (link it with one)");
  const most = memory.maximum * PAGE;
  if (most > terms.limits.memory) {
    refuse(
      `its memory may grow to ${most} bytes, where its limit is ${terms.limits.memory}: raise limits.memory, or link it with less`,
    );
  }
  const elements = tables.reduce((sum, { maximum = Number.POSITIVE_INFINITY }) => sum + maximum, 0);
  if (elements > MAX_ELEMENTS)
    refuse(`its tables may grow beyond ${MAX_ELEMENTS} elements: give them a maximum`);
  return {
    name: entry.name,
    abi: terms.abi,
    sha256,
    bytes,
    module,
    imports: imports.map((one) => one.name),
    memory: most,
  };
}
