import type { AccessOperation, AccessPolicies } from "../core/core.ts";
import type { AccessControl, OperationPolicy } from "../resources/access-control.ts";

/**
 * Entries of one path as one. daprd reads the first of them alone; and where an entry names no verbs, nothing of it:
 * a denial is meant for all of them.
 */
function merged(operations: readonly OperationPolicy[]): readonly AccessOperation[] {
  const byPath = new Map<string, { path: string; allowed: string[]; denied: string[] }>();
  for (const { path, verbs, action } of operations) {
    const entry = byPath.get(path) ?? { path, allowed: [], denied: [] };
    byPath.set(path, entry);
    if (action === "allow") entry.allowed.push(...(verbs ?? []));
    else entry.denied.push(...(verbs ?? ["*"]));
  }
  return [...byPath.values()];
}

/** What a table is made of; undefined where the section says nothing, which restricts nobody. */
export function accessPolicies({
  defaultAction,
  trustDomain,
  policies = [],
}: AccessControl): AccessPolicies | undefined {
  if (defaultAction === undefined && trustDomain === undefined && policies.length === 0) return undefined;
  // Where some are named and nothing is said of the others, these may not call.
  const allow = defaultAction === undefined ? policies.length === 0 : defaultAction === "allow";
  return {
    allow,
    policies: policies.map((policy) => ({
      appId: policy.appId,
      namespace: policy.namespace,
      trustDomain: policy.trustDomain,
      allow: policy.defaultAction === undefined ? allow : policy.defaultAction === "allow",
      operations: merged(policy.operations),
    })),
  };
}
