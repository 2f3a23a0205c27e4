import { type Code, ComponentError } from "../../errors/component-error.ts";

/** An invocation that failed with something to tell beside the error: answered as headers, as a success's is. */
export class BindingFailure extends ComponentError {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof ComponentError && value.name === "BindingFailure";
  }

  constructor(
    code: Code,
    message: string,
    readonly metadata: ReadonlyMap<string, string>,
  ) {
    super(code, message);
    this.name = "BindingFailure";
  }
}
