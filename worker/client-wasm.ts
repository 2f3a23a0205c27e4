/** What a page needs to run a Wasm module as its app; one whose app is JavaScript never loads it. */
export { openWasm } from "./client/open-wasm.ts";
