import type { Component, Definition } from "../component.ts";
import type { MetadataSchema } from "../metadata-schema.ts";

export interface LockRequest {
  /** Complete: the API has put the app's prefix before it. */
  readonly resourceId: string;
  readonly lockOwner: string;
  /** Above zero. */
  readonly expiryInSeconds: number;
  /** Names a request of our own client that may come twice: the second time it is answered as the first. */
  readonly requestId: string | undefined;
}

/** Dapr's numbers for the end of an unlock. */
export const unlockStatus = {
  success: 0,
  lockDoesNotExist: 1,
  lockBelongsToOthers: 2,
  internalError: 3,
} as const;

export type UnlockStatus = (typeof unlockStatus)[keyof typeof unlockStatus];

/**
 * Locks with an owner and an expiry (dapr-http-api §1.8). At most one owner holds a resource at a time, across all
 * that share the store; not reentrant: an owner that asks again is refused until its lock expired or was released.
 */
export interface LockStore extends Component {
  tryLock(request: LockRequest): Promise<boolean>;
  unlock(request: Omit<LockRequest, "expiryInSeconds">): Promise<UnlockStatus>;
}

export interface LockDefinition<M extends MetadataSchema = MetadataSchema> extends Definition<LockStore, M> {
  readonly type: `lock.${string}`;
  readonly features: readonly [];
}

export function defineLockStore<const M extends MetadataSchema>(
  definition: LockDefinition<M>,
): LockDefinition {
  return definition as unknown as LockDefinition;
}
