import asc from "assemblyscript/asc";

/** What the gateway's build says of a file with a folder, as far as the engine knows of it. */
const constants = ["abort=", "SOCKETS=0", "FOLDER=1", "PACKAGES=0"].flatMap((constant) => [
  "--use",
  constant,
]);

/** A part of the gateway as its tests run it: a module of its own on a host that is fake. */
export async function compileEngine(entry: string): Promise<WebAssembly.Module> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      ...[entry, "--outFile", "engine.wasm", "--memoryBase", "524288"],
      ...["--runtime", "stub", "-O1", "--noAssert", "--enable", "simd", ...constants],
    ],
    {
      writeFile: (name, contents) => {
        if (name === "engine.wasm") binary = contents as Uint8Array;
      },
    },
  );
  if (error || binary === undefined) throw new Error(stderr.toString());
  return new WebAssembly.Module(binary as BufferSource);
}
