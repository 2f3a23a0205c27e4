import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { componentEmbed } from "@bytecodealliance/jco";
import { describe, expect, it } from "vitest";
import { capabilityAbi } from "../../host/capability/abi.ts";
import { apiCalls } from "../../host/capability/host-requests.ts";

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

  it("has every call of the ABI that is not of an actor's turn, every import, and no others", () => {
    const between = (begin: string) => {
      const from = wit.indexOf(begin) + begin.length;
      return wit.slice(from, wit.indexOf("\n  }", from));
    };
    const cases = Array.from(between("variant call {").matchAll(/^ {4}([a-z-]+)\(/gm), ([, name]) => name);
    const calls = [...apiCalls.keys(), "fetch"].map((name) => name.replace(".", "-"));
    expect(cases.toSorted()).toEqual([...calls, "other"].toSorted());
    const host = wit.slice(wit.indexOf("interface host {"), wit.indexOf("interface guest {"));
    const functions = Array.from(host.matchAll(/^ {2}([a-z-]+): func/gm), ([, name]) => `cap_host.${name}`);
    expect(functions.toSorted()).toEqual([...capabilityAbi.imports.keys()].toSorted());
    const levels = Array.from(between("enum level {").matchAll(/[a-z]+/g), ([name]) => name);
    expect(levels).toEqual(["debug", "info", "warn", "error"]);
  });

  it("would not be taken with a type that is not there", async () => {
    await expect(embed(wit.replace("use types.{request,", "use types.{reqest,"))).rejects.toThrow();
  });
});
