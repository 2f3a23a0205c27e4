import { ApiError } from "../errors/api-error.ts";
import type { Found } from "./answer-offer.ts";
import type { KnownPackages } from "./let-in.ts";
import type { LoadedPackage } from "./loaded-package.ts";
import { matchOperation } from "./match-operation.ts";

/**
 * The operation that a request is for: of the package of that name or, undefined, of the first that has its path. Throws an
 * ApiError.
 */
export function findOperation(
  packages: KnownPackages,
  name: string | undefined,
  method: string,
  path: string,
): Found {
  return name === undefined ? anywhere(packages, method, path) : ofPackage(packages, name, method, path);
}

function ofPackage({ loaded, refused }: KnownPackages, name: string, method: string, path: string): Found {
  const one = loaded.get(name);
  if (one !== undefined) return operation([one], method, path);
  const cause = refused.get(name)?.cause;
  if (cause !== undefined) throw new ApiError("ERR_CAPABILITY_REFUSED", { name, cause });
  throw new ApiError("ERR_CAPABILITY_NOT_FOUND", { name });
}

/** The book's paths name no package; one whose first segment is the name of one does. */
function anywhere(packages: KnownPackages, method: string, path: string): Found {
  const { loaded, refused } = packages;
  const slash = path.indexOf("/");
  const name = path.slice(0, Math.max(slash, 0));
  if (loaded.has(name) || refused.has(name)) return ofPackage(packages, name, method, path.slice(slash + 1));
  return operation([...loaded.values()], method, path);
}

function operation(packages: readonly LoadedPackage[], method: string, path: string): Found {
  const others = new Set<string>();
  for (const one of packages) {
    for (const opened of one.http) {
      const found = matchOperation(opened.operations, method, path);
      if ("operation" in found) return { package: one, opened, matched: found };
      for (const other of found.methods) others.add(other);
    }
  }
  if (others.size === 0) throw new ApiError("ERR_CAPABILITY_NO_OPERATION", { method, path });
  throw new ApiError("ERR_CAPABILITY_NO_OPERATION", { method, path }, { status: 405 });
}
