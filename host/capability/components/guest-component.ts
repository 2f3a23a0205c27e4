import { ComponentError } from "../../errors/component-error.ts";
import { statusOf } from "../guest-answer.ts";
import type { CallOptions } from "../loaded-package.ts";
import { fieldOf, type MessageField, textField, textOf } from "../message.ts";
import { componentFault } from "./component-fault.ts";

/** Hands a request to the package that offers a component, as it is loaded at present. */
export type AskPackage = (
  fields: readonly MessageField[],
  options?: CallOptions,
) => Promise<readonly MessageField[]>;

/** What a package answered a component. */
export interface ComponentAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly fields: readonly MessageField[];
}

/** Characters of what a package says of its failure. */
const MAX_MESSAGE = 300;

const nothing = new Uint8Array(0);

/** One component whose work is done by a package. */
export class GuestComponent {
  readonly name: string;
  readonly #type: string;
  readonly #ask: AskPackage;
  readonly #config: MessageField;
  #closed = false;

  constructor(name: string, type: string, metadata: ReadonlyMap<string, string>, ask: AskPackage) {
    this.name = name;
    this.#type = type;
    this.#ask = ask;
    this.#config = textField(":config", JSON.stringify(Object.fromEntries(metadata)));
  }

  /** Answers whatever the package did. Throws a ComponentError where it failed. */
  async answer(
    operation: string,
    fields: readonly MessageField[],
    options?: CallOptions,
  ): Promise<ComponentAnswer> {
    if (this.#closed) throw new ComponentError("UNAVAILABLE", `component ${this.name} is closed`);
    const head = [textField(":offer", this.#type), textField(":operation", operation), this.#config];
    try {
      const answered = await this.#ask([...head, ...fields], options);
      return { status: statusOf(answered), body: fieldOf(answered, ":body") ?? nothing, fields: answered };
    } catch (error) {
      throw componentFault(error, this.name, this.#type, "its package");
    }
  }

  /** What it says of a status that is none of the operation's. */
  failure({ status, body, fields }: ComponentAnswer): ComponentError {
    const said = textOf(fields, ":error") ?? `status ${status}`;
    const message = new TextDecoder().decode(body.subarray(0, MAX_MESSAGE));
    const code = status === 404 ? "NOT_FOUND" : status < 500 ? "INVALID_ARGUMENT" : "UNAVAILABLE";
    return new ComponentError(code, `component ${this.name} (${this.#type}): ${said}: ${message}`);
  }

  close(): void {
    this.#closed = true;
  }
}
