import { joinBytes } from "../../join-bytes.ts";
import { OfflineCalls } from "../dapr/offline-calls.ts";
import type { OpenQueue } from "../dapr/offline-queue.ts";
import { offlineMetadata, remoteMetadata } from "../dapr/remote-metadata.ts";
import { RemoteSidecar } from "../dapr/remote-sidecar.ts";
import { text } from "../metadata-schema.ts";
import {
  type BindingDefinition,
  type BindingRequest,
  type BindingResponse,
  defineBinding,
  type OutputBinding,
} from "./binding.ts";

const encoder = new TextEncoder();

/** Headers in which a sidecar tells the metadata of a binding's answer. */
const prefix = "metadata.";

/** Operations that are made for their answer: nothing of them can wait. */
const reading: readonly string[] = ["get", "list", "query", "head", "options"];

class DaprBinding implements OutputBinding {
  readonly #remote: RemoteSidecar;
  readonly #offline: OfflineCalls | undefined;

  constructor(
    remote: RemoteSidecar,
    offline: OfflineCalls | undefined,
    readonly operations: readonly string[],
  ) {
    this.#remote = remote;
    this.#offline = offline;
  }

  get facts(): ReadonlyMap<string, string> {
    return this.#offline?.facts ?? new Map();
  }

  async invoke({ operation, data, metadata, signal }: BindingRequest): Promise<BindingResponse | undefined> {
    const rest = JSON.stringify({ operation, metadata: Object.fromEntries(metadata) });
    const body = joinBytes([encoder.encode(`${rest.slice(0, -1)},"data":`), data, encoder.encode("}")]);
    const request = { method: "POST", path: `/v1.0/bindings/${this.#remote.component}`, body } as const;
    const answer =
      this.#offline === undefined || reading.includes(operation)
        ? await this.#remote.call({ ...request, signal })
        : await this.#offline.send({ ...request, requestId: undefined, writes: new Map() });
    if (answer === undefined || answer.status === 204) return undefined;
    const told = [...answer.headers].filter(([name]) => name.startsWith(prefix));
    return {
      data: answer.body,
      metadata: new Map(told.map(([name, value]) => [name.slice(prefix.length), value])),
    };
  }

  async close(): Promise<void> {
    await this.#remote.close();
    await this.#offline?.close();
  }
}

/** `bindings.dapr`; `queue` is where a host has one for what is written offline. */
export function daprBinding(queue?: OpenQueue): BindingDefinition {
  return defineBinding({
    type: "bindings.dapr",
    version: "v1",
    summary: "An output binding of another Dapr sidecar.",
    metadata: {
      ...remoteMetadata,
      ...offlineMetadata,
      operations: text("The operations of the binding there, separated by commas.", "create,get,list,delete"),
    },
    features: ["OUTPUT_BINDING"],
    async open(metadata, context) {
      const remote = new RemoteSidecar(metadata, context);
      const offline = await OfflineCalls.open(metadata.offline, queue, remote, context);
      const operations = (metadata.operations ?? "").split(",").map((name) => name.trim());
      return new DaprBinding(remote, offline, operations);
    },
  });
}
