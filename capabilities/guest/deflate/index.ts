/** Apart from the rest of the library: its tables are in every module that imports it. */
export { deflate } from "./deflate";
export { inflate } from "./inflate";
