import type { Endpoint } from "../api/endpoint.ts";
import type { Route } from "../core/core.ts";
import type { ApiRule, ApiRules } from "../resources/api-rules.ts";

/** How a rule may name the version of a path: `v1.0-alpha1` is `v1alpha1`, too. */
function groupVersion(version: string): string {
  return version.replace(/^v1\.0/, "v1").replace("-", "");
}

/** A row some of whose paths are forbidden, or all of them. */
export interface BlockedRow {
  readonly row: number;
  /** Of the paths that are meant; undefined: all are. */
  readonly versions: ReadonlySet<string> | undefined;
}

/** The rows that rules forbid. */
export function blockedRows(rules: ApiRules, rows: readonly Endpoint[]): readonly BlockedRow[] {
  return rows.flatMap(({ paths }, row): BlockedRow[] => {
    const refused = paths.filter((path) => !permitted(path.slice(1), rules));
    if (refused.length === 0) return [];
    const versions = new Set(refused.map((path) => path.split("/", 2)[1] as string));
    return [{ row, versions: refused.length === paths.length ? undefined : versions }];
  });
}

const open = 0;
const blocked = 1;
/** Some of the row's paths are, of some versions. */
const mixed = 2;

/** What of the API may be called, from `spec.api` of a Configuration: one look at a table for each call. */
export class ApiAccess {
  readonly #table: Uint8Array;
  /** By row: versions whose paths are blocked. */
  readonly #versions = new Map<number, ReadonlySet<string>>();
  /** False: nothing answers what no row matches either, not even for an app named in a header. */
  readonly invokes: boolean;

  constructor(rules: ApiRules, rows: readonly Endpoint[]) {
    this.#table = new Uint8Array(rows.length);
    for (const { row, versions } of blockedRows(rules, rows)) {
      this.#table[row] = versions === undefined ? blocked : mixed;
      if (versions !== undefined) this.#versions.set(row, versions);
    }
    this.invokes = this.#table[rows.findIndex(({ name }) => name === "invoke.method")] === open;
  }

  /** Whether the row that a route leads to may answer it. */
  allows({ operation, path }: Route): boolean {
    const entry = this.#table[operation];
    if (entry === mixed) return !this.#versions.get(operation)?.has(path.split("/", 1)[0] as string);
    return entry === open;
  }
}

function permitted(path: string, { allowed = [], denied = [] }: ApiRules): boolean {
  const [version = "", name = ""] = path.split("/");
  if (name === "healthz") return true;
  // The book's paths are other spellings: who denies the API's means them as well.
  const spelled = path.replace(/^v1\//, "v1.0/");
  const matches = (rule: ApiRule) =>
    `${groupVersion(version)}/${name}` === `${rule.version}/${rule.name}` ||
    spelled.startsWith(`${rule.version}/${rule.name}`);
  if (denied.some(matches)) return false;
  return allowed.length === 0 || allowed.some(matches);
}
