/** One visitor's result of a unit: the hash of its bytes, which the coordinator made itself. */
export interface Vote {
  readonly worker: string;
  readonly sha256: string;
}

/** What is known of a visitor. */
export interface Credit {
  /** Results that counted. */
  readonly units: number;
  /** Results that others, who were right, had otherwise. */
  readonly disagreed: number;
}

/** Accepted, with the hash of the bytes that count; so many more results are wanted; or given up. */
export type Verdict = { readonly accepted: string } | { readonly missing: number } | "disputed";

/**
 * Decides by a unit's votes what becomes of it: asked with each vote, and before a unit is given to anybody. How far a visitor's
 * credit is trusted is decided here, and nowhere else.
 */
export interface Validator {
  judge(votes: readonly Vote[], credits: ReadonlyMap<string, Credit>): Verdict;
}

/** Accepts what that many visitors have, byte for byte, whoever they are. After `most` results without that it gives up. */
export function quorum(replicas: number, most = Math.max(10, replicas)): Validator {
  return {
    judge(votes) {
      const equal = new Map<string, number>();
      let largest = 0;
      for (const { sha256 } of votes) {
        const count = (equal.get(sha256) ?? 0) + 1;
        equal.set(sha256, count);
        largest = Math.max(largest, count);
        if (count === replicas) return { accepted: sha256 };
      }
      return votes.length >= most ? "disputed" : { missing: replicas - largest };
    },
  };
}
