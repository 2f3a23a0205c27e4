import type { BindingRequest, BindingResponse, OutputBinding } from "../../components/bindings/binding.ts";
import { type MessageField, textField } from "../message.ts";
import type { GuestComponent } from "./guest-component.ts";

const prefix = "metadata.";

/** An output binding that a package is: `invoke`, with the binding's own operation in a field. */
export class GuestBinding implements OutputBinding {
  readonly operations: readonly string[];
  readonly #guest: GuestComponent;

  constructor(guest: GuestComponent, operations: readonly string[]) {
    this.#guest = guest;
    this.operations = operations;
  }

  async invoke({ operation, data, metadata }: BindingRequest): Promise<BindingResponse | undefined> {
    const traceparent = metadata.get("traceparent");
    const given = Array.from(
      metadata,
      ([name, value]): MessageField => textField(prefix + name.toLowerCase(), value),
    );
    const fields: readonly MessageField[] = [textField("operation", operation), [":body", data], ...given];
    const answer = await this.#guest.answer("invoke", fields, { traceparent });
    if (answer.status >= 300) throw this.#guest.failure(answer);
    if (answer.status === 204) return undefined;
    const told = answer.fields.filter(([name]) => name.startsWith(prefix));
    const decoder = new TextDecoder();
    return {
      data: answer.body,
      metadata: new Map(told.map(([name, value]) => [name.slice(prefix.length), decoder.decode(value)])),
    };
  }

  async close(): Promise<void> {
    this.#guest.close();
  }
}
