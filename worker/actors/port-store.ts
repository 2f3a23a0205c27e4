import type { ListingStore, WriteBatch } from "../../host/components/state/store.ts";
import { ComponentError, ETagError } from "../../host/errors/component-error.ts";
import { detached } from "../wire.ts";
import type { StoreAnswer, StoreCall } from "./actor-messages.ts";

/**
 * The worker's actor state store, as a page uses it. A write that comes a second time, because the worker was stopped
 * meanwhile, does no harm: an actor writes nothing else before it was answered, and what a fence or an ETag guards is refused.
 */
export class PortStore implements ListingStore {
  readonly #call: (call: StoreCall) => Promise<StoreAnswer>;

  constructor(call: (call: StoreCall) => Promise<StoreAnswer>) {
    this.#call = call;
  }

  async get(key: string) {
    return (await this.bulkGet([key]))[0];
  }

  async bulkGet(keys: readonly string[]) {
    const answer = await this.#call({ kind: "read", keys });
    return answer.kind === "read" ? answer.items : failed(answer);
  }

  async write(batch: WriteBatch) {
    const operations = batch.operations.map((operation) =>
      operation.kind === "upsert"
        ? { ...operation, value: detached(operation.value) as Uint8Array }
        : operation,
    );
    const answer = await this.#call({ kind: "write", batch: { ...batch, operations } });
    if (answer.kind !== "written") return failed(answer);
    return answer.refused.map((kind, i) =>
      kind === undefined ? undefined : new ETagError(kind, batch.operations[i]?.key ?? ""),
    );
  }

  async list(from: string, to: string, limit: number) {
    const answer = await this.#call({ kind: "list", from, to, limit });
    return answer.kind === "list" ? answer.keys : failed(answer);
  }

  async close(): Promise<void> {}
}

function failed(answer: StoreAnswer): never {
  if (answer.kind === "failed") throw new ComponentError(answer.code, answer.message);
  throw new ComponentError("INTERNAL", "the worker answered something else than it was asked for");
}
