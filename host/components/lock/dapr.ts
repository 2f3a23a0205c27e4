import { jsonObject } from "../dapr/remote-json.ts";
import { remoteMetadata } from "../dapr/remote-metadata.ts";
import { remoteName } from "../dapr/remote-name.ts";
import { RemoteSidecar } from "../dapr/remote-sidecar.ts";
import {
  defineLockStore,
  type LockRequest,
  type LockStore,
  type UnlockStatus,
  unlockStatus,
} from "./lock-store.ts";

const encoder = new TextEncoder();

class DaprLockStore implements LockStore {
  readonly #remote: RemoteSidecar;

  constructor(remote: RemoteSidecar) {
    this.#remote = remote;
  }

  async tryLock({ resourceId, lockOwner, expiryInSeconds, requestId }: LockRequest): Promise<boolean> {
    const body = { resourceId: remoteName(resourceId), lockOwner, expiryInSeconds };
    const answer = await this.#call("lock", body, requestId);
    return answer.get("success") === true;
  }

  async unlock(request: Omit<LockRequest, "expiryInSeconds">): Promise<UnlockStatus> {
    const { resourceId, lockOwner, requestId } = request;
    const answer = await this.#call("unlock", { resourceId: remoteName(resourceId), lockOwner }, requestId);
    const status = answer.get("status") ?? unlockStatus.success;
    return Object.values(unlockStatus).find((known) => known === status) ?? unlockStatus.internalError;
  }

  close(): Promise<void> {
    return this.#remote.close();
  }

  async #call(
    operation: "lock" | "unlock",
    body: object,
    requestId: string | undefined,
  ): Promise<ReadonlyMap<string, unknown>> {
    const answer = await this.#remote.call({
      method: "POST",
      path: `/v1.0-alpha1/${operation}/${this.#remote.component}`,
      body: encoder.encode(JSON.stringify(body)),
      requestId,
    });
    return jsonObject(this.#remote, answer);
  }
}

/** `lock.dapr`. */
export const daprLockStore = defineLockStore({
  type: "lock.dapr",
  version: "v1",
  summary: "The locks of another Dapr sidecar: one owner at a time across browsers and machines.",
  metadata: remoteMetadata,
  features: [],
  open: async (metadata, context) => new DaprLockStore(new RemoteSidecar(metadata, context)),
});
