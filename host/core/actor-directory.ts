/**
 * The actors that are active in an instance: who they are, whose turn it is, who is idle since when. Nothing here is
 * a JavaScript object for each actor. Times are milliseconds of one clock; where it is set back, actors become idle
 * later by as much.
 *
 * Calls that are in an actor stand in groups, the first of which runs. A call of a chain joins the group of its chain
 * where there is one; any other call is a group of its own, behind those that are there.
 *
 * What an unknown actor or type, or a call that has ended, is asked of throws RangeError.
 */
export interface ActorDirectory {
  /** Active actors. */
  readonly size: number;
  /**
   * Makes a type known, with its idle timeout in ms; again: changes the timeout, also for those that are idle. Infinity:
   * never. `type` is the caller's number, 0 to 1023.
   */
  type(type: number, idleMs: number): void;
  /** Active actors of a type. */
  count(type: number): number;
  /**
   * The actor's number, which is positive and small; made active, and idle from `now`, where it was not. Throws RangeError
   * where the id is longer than 64 KiB or memory cannot grow. Lone surrogates of an id are U+FFFD.
   */
  activate(type: number, id: string, now: number): number;
  /** -1: not active. */
  find(type: number, id: string): number;
  id(actor: number): string;
  typeOf(actor: number): number;
  /**
   * A call asks for its turn. `chain` is its reentrancy id where the type is reentrant. Answers a ticket, which is not
   * negative, or "too-deep" where the group would have more than `maxDepth` calls at a time; then nothing has changed.
   */
  enter(actor: number, chain: string | undefined, maxDepth: number): number | "too-deep";
  /** A small number, which no other call has that is under way. */
  place(ticket: number): number;
  /** Whether it is the call's turn; false for one that has ended. */
  runs(ticket: number): boolean;
  /**
   * Ends a call, running or waiting (its caller went away), and tells each ticket whose turn begins by it, in order. With
   * nobody left, the actor is idle from `now`. `begins` may call anything here; it must not throw.
   */
  leave(ticket: number, now: number, begins: (ticket: number) => void): void;
  /** Calls that are in an actor, those that run included. */
  waiting(actor: number): number;
  /**
   * Actors without a call whose idle timeout has passed, the longest idle first, at most `limit` and 16,384 of them.
   * They stay active, and are told again, until they are entered or removed. Touches no other actor.
   */
  idle(now: number, limit: number): number[];
  /** From when on {@link idle} answers somebody; undefined: nobody, until a call ends or an actor becomes active. */
  nextIdle(): number | undefined;
  /** Forgets an actor; its number may be used again. Throws where it has calls. */
  remove(actor: number): void;
  /** Visits the active actors of a type by their number. Those that `visit` ends or begins, it may miss or meet. */
  each(type: number, visit: (actor: number) => void): void;
}
