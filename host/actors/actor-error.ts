/** The app answered an actor's call with something else than 200. */
export class ActorAnswerError extends Error {
  /** True when a further attempt answers the same: there is no such method. */
  readonly final: boolean;
  constructor(message: string, final: boolean) {
    super(message);
    this.name = "ActorAnswerError";
    this.final = final;
  }
}

/** A chain of calls came back to an actor more often than its type allows. */
export class StackDepthError extends Error {
  constructor(type: string, id: string) {
    super(`actor ${type}||${id} has reached the maximum depth of reentrant calls`);
    this.name = "StackDepthError";
  }
}

/** The app's actors are not hosted, since there is no store for their state. */
export class NoActorStoreError extends Error {}
