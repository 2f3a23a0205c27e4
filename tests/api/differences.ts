/**
 * Where daprlet answers otherwise than daprd 1.18, as data: the suites expect each host's own column and the README's
 * table is made of it. Everything that is not listed here is expected to be the same on every host.
 */
export interface Difference {
  readonly id: string;
  /** What is done. */
  readonly what: string;
  readonly daprd: unknown;
  readonly daprlet: unknown;
  readonly why: string;
}

export const differences = [
  {
    id: "transaction.rollback",
    what: "a transaction whose last operation has a stale ETag",
    daprd: "rolled back in SQLite and memory; on Redis what came before it stays written",
    daprlet: "rolled back in every store",
    why: "a transaction succeeds or fails as a whole, as the book says",
  },
] as const satisfies readonly Difference[];

export type DifferenceId = (typeof differences)[number]["id"];
