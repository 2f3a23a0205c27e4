import type { CoreModule } from "./core-module.ts";

/** A function of an interface that whoever runs a component has to have. */
export class HostFunction {
  constructor(
    readonly face: string,
    readonly name: string,
  ) {}
}

/** What a component takes that has no place in one module, and why. */
export class Unavailable {
  constructor(readonly cause: string) {}
}

/** A module of a component, with what it is given, by the names that it imports it from. */
export class CoreInstance {
  constructor(
    readonly module: CoreModule,
    readonly given: ReadonlyMap<string, CoreInstance | CoreNames>,
  ) {}
}

/** An export of a module's instance: a function, a table, a memory or a global. */
export class CoreExportOf {
  constructor(
    readonly instance: CoreInstance,
    readonly name: string,
  ) {}
}

/** `drop`: a resource of the host's is let go. `trap`: a function that does nothing but trap. */
export type CoreItem = CoreExportOf | HostFunction | Unavailable | "drop" | "trap";

/** Names for what is there already, as an instance of no module. */
export type CoreNames = ReadonlyMap<string, CoreItem>;

/** What a function's values go through on their way between a component and a module. */
export interface CanonicalOptions {
  readonly memory?: CoreItem | undefined;
  readonly realloc?: CoreItem | undefined;
  readonly post?: CoreItem | undefined;
  /** It may return before it has answered. */
  readonly async: boolean;
}

/** A module's function as one of a component. */
export class Lifted {
  constructor(
    readonly core: CoreItem,
    readonly options: CanonicalOptions,
  ) {}
}

/** An instance that whoever runs a component has to have. */
export class HostInstance {
  constructor(readonly name: string) {}
}

/** What a component exports, or what instances are given, by name. What no name of it is here for is a type, or a value. */
export type ComponentNames = ReadonlyMap<string, ComponentItem>;

/** A component within one, and what it may refer to of it. */
export class NestedComponent {
  constructor(readonly bytes: Uint8Array) {}
}

export type ComponentItem =
  | HostFunction
  | Lifted
  | HostInstance
  | ComponentNames
  | NestedComponent
  | CoreModule
  | undefined;

/** All modules of a component and of those within it, in the order in which they come into being, and what calls of others say of memory. */
export interface Instantiated {
  readonly instances: CoreInstance[];
  readonly lowered: CanonicalOptions[];
}
