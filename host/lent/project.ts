/** A computation that visitors lend their machines to: units of work for one capability package. */
export interface Project {
  /** A word of its own, in topics and keys. Another package, or other units, is another project. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly package: LentPackage;
  /** How many units there are, numbered from 0. */
  readonly units: number;
  /** The request that a unit is, of the package: `/primes?from=0&to=999`. The same bytes on every machine, or nothing counts. */
  path(unit: number): string;
  /** How long a visitor may take for a unit before it is another's as well. */
  readonly leaseMs: number;
}

/** Nobody can put another package in its place: the hash is of `capability.json`, which has those of the modules. */
export interface LentPackage {
  readonly name: string;
  /** The folder that it is fetched from. */
  readonly address: string;
  readonly sha256: string;
  /** What it may take at a visitor's, whatever its manifest says. It gets nothing else. */
  readonly limits: { readonly memory: string; readonly timeMs: number };
}

/** What a visitor does, by what the coordinator says. */
export interface LeasedUnit {
  readonly unit: number;
  readonly path: string;
}

/** The topic of a project's permits. */
export const permitTopic = (project: string) => `lent-${project}`;
/** The topic of all results. */
export const RESULTS = "lent-results";
/** What a project or a visitor may be called: it stands in keys. */
export const lentName = /^[\w-]{1,64}$/;
