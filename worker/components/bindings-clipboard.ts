import {
  type BindingRequest,
  type BindingResponse,
  defineBinding,
  type OutputBinding,
} from "../../host/components/bindings/binding.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import type { PageDevices } from "./page-devices.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const clipboardBinding = (devices: PageDevices | undefined) =>
  defineBinding({
    type: "bindings.clipboard",
    version: "v1",
    summary: "The clipboard's text: `create` writes it, `get` reads it. Needs a visible page of the app.",
    metadata: {},
    features: ["OUTPUT_BINDING"],
    async open(_, { appId }) {
      if (devices === undefined) throw new ComponentError("UNIMPLEMENTED", "no clipboard here");
      return new Clipboard(devices, appId);
    },
  });

class Clipboard implements OutputBinding {
  readonly operations = ["create", "get"];
  readonly #devices: PageDevices;
  readonly #appId: string;

  constructor(devices: PageDevices, appId: string) {
    this.#devices = devices;
    this.#appId = appId;
  }

  /** Of a string its text, of anything else its JSON. */
  async invoke({ operation, data, signal }: BindingRequest): Promise<BindingResponse | undefined> {
    if (operation === "get") {
      const { text = "" } = await this.#devices.ask(this.#appId, { kind: "read-clipboard" }, signal);
      return { data: encoder.encode(JSON.stringify(text)), metadata: new Map() };
    }
    const json = decoder.decode(data);
    const text: string = data[0] === 0x22 ? JSON.parse(json) : json;
    await this.#devices.ask(this.#appId, { kind: "write-clipboard", text }, signal);
    return undefined;
  }

  async close(): Promise<void> {}
}
