import { joinBytes } from "../../join-bytes.ts";
import { remoteMetadata } from "../dapr/remote-metadata.ts";
import { RemoteSidecar } from "../dapr/remote-sidecar.ts";
import { text } from "../metadata-schema.ts";
import { type BindingRequest, type BindingResponse, defineBinding, type OutputBinding } from "./binding.ts";

const encoder = new TextEncoder();

/** Headers in which a sidecar tells the metadata of a binding's answer. */
const prefix = "metadata.";

class DaprBinding implements OutputBinding {
  readonly #remote: RemoteSidecar;

  constructor(
    remote: RemoteSidecar,
    readonly operations: readonly string[],
  ) {
    this.#remote = remote;
  }

  async invoke({ operation, data, metadata, signal }: BindingRequest): Promise<BindingResponse | undefined> {
    const rest = JSON.stringify({ operation, metadata: Object.fromEntries(metadata) });
    const body = joinBytes([encoder.encode(`${rest.slice(0, -1)},"data":`), data, encoder.encode("}")]);
    const path = `/v1.0/bindings/${this.#remote.component}`;
    const answer = await this.#remote.call({ method: "POST", path, body, signal });
    if (answer.status === 204) return undefined;
    const told = [...answer.headers].filter(([name]) => name.startsWith(prefix));
    return {
      data: answer.body,
      metadata: new Map(told.map(([name, value]) => [name.slice(prefix.length), value])),
    };
  }

  close(): Promise<void> {
    return this.#remote.close();
  }
}

/** `bindings.dapr`. */
export const daprBinding = defineBinding({
  type: "bindings.dapr",
  version: "v1",
  summary: "An output binding of another Dapr sidecar.",
  metadata: {
    ...remoteMetadata,
    operations: text("The operations of the binding there, separated by commas.", "create,get,list,delete"),
  },
  features: ["OUTPUT_BINDING"],
  open: async (metadata, context) =>
    new DaprBinding(
      new RemoteSidecar(metadata, context),
      (metadata.operations ?? "").split(",").map((name) => name.trim()),
    ),
});
