import { toBase64 } from "../../host/base64.ts";
import {
  type BindingRequest,
  type BindingResponse,
  defineBinding,
  type OutputBinding,
} from "../../host/components/bindings/binding.ts";
import { text } from "../../host/components/metadata-schema.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import type { PageDevices } from "./page-devices.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const filePickerBinding = (devices: PageDevices | undefined) =>
  defineBinding({
    type: "bindings.filepicker",
    version: "v1",
    summary:
      "The user's files: `get` lets the user pick some, `create` offers one to be kept. Needs a visible page of the app, and a click.",
    metadata: { accept: text("What may be picked, such as `image/*,.pdf`.", "") },
    features: ["OUTPUT_BINDING"],
    async open({ accept }, { appId }) {
      if (devices === undefined) throw new ComponentError("UNIMPLEMENTED", "no files here");
      return new FilePicker(devices, appId, accept);
    },
  });

class FilePicker implements OutputBinding {
  readonly operations = ["create", "get"];
  readonly #devices: PageDevices;
  readonly #appId: string;
  readonly #accept: string;

  constructor(devices: PageDevices, appId: string, accept: string) {
    this.#devices = devices;
    this.#appId = appId;
    this.#accept = accept;
  }

  /** Picked files come as a list with `name`, `type` and `data` in base64. */
  async invoke({ operation, data, metadata, signal }: BindingRequest): Promise<BindingResponse | undefined> {
    if (operation === "get") {
      const accept = metadata.get("accept") ?? this.#accept;
      const multiple = metadata.get("multiple") === "true";
      const { files = [] } = await this.#devices.ask(
        this.#appId,
        { kind: "pick-files", accept, multiple },
        signal,
      );
      const list = files.map(({ name, type, contents }) => ({ name, type, data: toBase64(contents) }));
      return { data: encoder.encode(JSON.stringify(list)), metadata: new Map() };
    }
    const isText = data[0] === 0x22;
    const contents = isText ? encoder.encode(JSON.parse(decoder.decode(data))) : data;
    const type = metadata.get("type") ?? (isText ? "text/plain" : "application/json");
    const name = metadata.get("fileName") || (isText ? "file.txt" : "file.json");
    await this.#devices.ask(this.#appId, { kind: "save-file", name, type, contents }, signal);
    return undefined;
  }

  async close(): Promise<void> {}
}
