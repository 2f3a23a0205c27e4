/** What an author of a capability package writes with. `export * from "…/guest/abi"` in the entry file adds the ABI. */
export { ActorCall } from "./actor";
export { Answer } from "./answer";
export { fromBase64, toBase64 } from "./base64";
export { Call } from "./call";
export { clock, Level, log, random } from "./host";
export { Json, JsonKind, quoted } from "./json";
export { Request } from "./request";
export { Result } from "./result";
export { serve } from "./abi";
export { Step, Task } from "./step";
export { Write } from "./write";
export { wrappedStore } from "./wrapped-store";
export { Wrapping } from "./wrapping";
