import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { componentEmbed } from "@bytecodealliance/jco";
import { describe, expect, it } from "vitest";

const wit = readFileSync(resolve(import.meta.dirname, "capability.wit"), "utf8");
const embed = (witSource: string) => componentEmbed({ witSource, dummy: true });

describe("the contract as WIT", () => {
  it("is taken by wasm-tools, with the functions of the ABI", async () => {
    const module = new WebAssembly.Module(new Uint8Array(await embed(wit)));
    const names = (list: { readonly name: string; readonly kind: string }[]) =>
      list.filter(({ kind }) => kind === "function").map(({ name }) => name);
    expect(names(WebAssembly.Module.exports(module))).toEqual(
      expect.arrayContaining([
        "cm32p2|daprlet:capability/guest@1|handle",
        "cm32p2|daprlet:capability/guest@1|resume",
      ]),
    );
    const imports = names(WebAssembly.Module.imports(module));
    expect(imports.sort()).toEqual(["clock", "log", "random"]);
  });

  it("would not be taken with a type that is not there", async () => {
    await expect(embed(wit.replace("use types.{request,", "use types.{reqest,"))).rejects.toThrow();
  });
});
