import { wasiSignatures } from "../../capability/http-wasm/wasi-signatures.ts";
import { adapterName } from "./guest-glue.ts";
import { ModuleWriter, type Signature } from "./module-writer.ts";

export const wasiModule = "wasi_snapshot_preview1";

const EBADF = 8;
const CONST = 0x41;

type ValueType = Signature["takes"][number];

function signatureOf(text: string): Signature {
  const [takes = [], gives = []] = text.split("->").map((part) => part.match(/i32|i64/g) ?? []);
  return { takes: takes as ValueType[], gives: gives as ValueType[] };
}

/** What a guest of http-wasm imports of WASI: the adapter's, where it has that, and else functions for which no file is one. */
export function wasiStub(imports: readonly string[], adapter: ReadonlySet<string>): Uint8Array {
  const module = new ModuleWriter();
  const some = imports
    .filter((name) => name.startsWith(`${wasiModule}.`))
    .map((name) => ({
      name: name.slice(wasiModule.length + 1),
      signature: signatureOf(wasiSignatures.get(name) as string),
    }));
  for (const { name, signature } of some)
    if (adapter.has(name)) module.export(name, module.importFunction(adapterName, name, signature));
  for (const { name, signature } of some)
    if (!adapter.has(name)) module.export(name, module.define(signature, [CONST, EBADF]));
  return module.finish();
}
