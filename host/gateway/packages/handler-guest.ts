import type { AdmittedModule } from "../../capability/admission.ts";
import { isEmptyFunction } from "../../capability/http-wasm/empty-function.ts";
import { handlerName } from "../../capability/http-wasm/http-wasm-abi.ts";
import { moduleSections } from "../../capability/module-sections.ts";
import { START_EXPORT } from "../../capability/prepared-module.ts";
import { guestFeatures, handlerSettings } from "../table-shape.ts";
import type { GatewayPackage } from "./admit-package.ts";
import type { Adapter } from "./compose-guests.ts";
import { meterGuest } from "./meter-guest.ts";

/** Bytes of an answer of its adapter beside the body: headers of a request, or of its response, and what is said of them. */
const HEADS = 1 << 20;

/** A guest of http-wasm that was let in, and the component that it is. */
export interface Handler {
  readonly component: string;
  readonly type: string;
  readonly version: string;
  readonly module: AdmittedModule;
  /** Bytes of a body that it writes, and how long each of its calls may take. */
  readonly limits: { readonly answer: number; readonly timeMs: number };
  readonly strict: boolean;
  /** Named by the user himself, and not a package's. */
  readonly trusted: boolean;
}

/** It as a guest of the gateway's, of this one component, since each has its configuration. */
export function handlerGuest(handler: Handler, adapter: Adapter): GatewayPackage {
  const { component, type, version, module, limits, strict, trusted } = handler;
  const { exports } = moduleSections(module.bytes);
  const { starts, initializes, brief } = handlerSettings;
  const settings =
    (exports.has(START_EXPORT) ? starts : 0) |
    (exports.has("_initialize") || exports.has("_start") ? initializes : 0) |
    (isEmptyFunction(module.bytes, "handle_response") ? brief : 0) |
    (strict ? handlerSettings.strict : 0);
  const { handler: isHandler, reads } = guestFeatures;
  return {
    row: {
      name: component,
      operations: [],
      functions: [],
      schemas: [],
      stores: [],
      preparedKeys: [],
      topics: [],
      apps: [],
      origins: [],
      answer: limits.answer + HEADS,
      memory: module.memory,
      calls: 0,
      timeMs: limits.timeMs,
      resumes: 0,
      initializes: 0,
    },
    guest: {
      bytes: meterGuest(module.bytes),
      imports: module.imports,
      exports: [...exports.keys()],
      adapter: { module: adapter, numbers: { settings, most: limits.answer } },
    },
    handlers: [],
    components: [],
    handles: {
      component,
      type,
      version,
      features:
        isHandler |
        (module.imports.includes(handlerName("read_body")) ? reads : 0) |
        (trusted ? guestFeatures.trusted : 0),
    },
    shown: undefined,
    remarks: [],
  };
}
