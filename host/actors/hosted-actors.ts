import type { RuntimeResponse } from "../http.ts";

/** How timers and reminders reach the actors that this instance hosts. */
export interface HostedActors {
  /** True while this instance owns that actor and its type is not blocked by a change of placement. */
  owns(type: string, id: string): boolean;
  /** True while the actor is active here. */
  active(type: string, id: string): boolean;
  /**
   * Calls `PUT /actors/{type}/{id}/method/{method}` of the app in the actor's turn, and activates the actor where it is
   * not. `method` is `timer/{name}` or `remind/{name}`, encoded for a path. Any status is an answer. Throws
   * AppUnreachableError when the app cannot be reached, {@link NotOwnedError} when the actor is not owned here (any
   * more), and what the turn was ended by when the actor is halted meanwhile.
   */
  call(type: string, id: string, method: string, body: Uint8Array): Promise<RuntimeResponse>;
}

/** The actor is owned by another instance by now, or its ownership is changing: who asked looks it up anew. */
export class NotOwnedError extends Error {
  constructor(type: string, id: string) {
    super(`actor ${type}||${id} is not owned by this instance`);
    this.name = "NotOwnedError";
  }
}
