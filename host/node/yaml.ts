/** What is used of the YAML library, by name: the bundle holds no more of it than this. */
export { isNode, LineCounter, parse, parseAllDocuments } from "yaml";
