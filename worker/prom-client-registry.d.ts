/** The part of the library that writes text, and needs no Node. */
declare module "prom-client/lib/registry.js" {
  import { Registry } from "prom-client";
  export default Registry;
}
