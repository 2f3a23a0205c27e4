/** Runs the specs beside the core's sources, compiled to WebAssembly. `tests/core` tests the binary that is shipped. */
export default {
  entries: ["assembly/**/*.spec.ts"],
  include: [],
  disclude: [/node_modules/],
  async instantiate(memory, createImports, instantiate, binary) {
    return instantiate(binary, createImports({ env: { memory } }));
  },
  outputBinary: false,
};
