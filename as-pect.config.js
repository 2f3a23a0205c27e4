import { runnerImport } from "vite";

const { FakeWasi } = (
  await runnerImport(new URL("tests/gateway/fake-wasi.ts", import.meta.url).pathname, {
    configFile: false,
    logLevel: "error",
  })
).module;

/** Runs the specs beside the core's sources, compiled to WebAssembly. `tests/core` tests the binary that is shipped. */
export default {
  entries: ["assembly/**/*.spec.ts"],
  include: [],
  disclude: [/node_modules/],
  async instantiate(memory, createImports, instantiate, binary) {
    const wasi = new FakeWasi();
    const instance = await instantiate(binary, createImports({ env: { memory }, ...wasi.imports(binary) }));
    wasi.attach(instance.exports);
    return instance;
  },
  outputBinary: false,
};
