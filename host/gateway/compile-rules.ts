import { endpoints } from "../api/endpoints.ts";
import { accessRecords } from "../core/access-table.ts";
import { defaultTrustDomain } from "../resources/access-control.ts";
import type { Configuration } from "../resources/configuration.ts";
import { accessPolicies } from "../security/access-policies.ts";
import { blockedRows } from "../security/api-access.ts";
import { accesses, type BlockRow, type GatewayTable } from "./table-shape.ts";

type Rules = Pick<GatewayTable, "access" | "blocks" | "policies" | "trustDomain">;

function blockRows({ api }: Configuration): readonly BlockRow[] {
  if (api === undefined) return [];
  return blockedRows(api, endpoints).flatMap(({ row: operation, versions }) =>
    Array.from(versions ?? [""], (version) => ({ version, operation })),
  );
}

/** What Configurations forbid, as the gateway reads it. */
export function ruleRows(configuration: Configuration): Rules {
  const { accessControl = {} } = configuration;
  const { trustDomain = defaultTrustDomain } = accessControl;
  const found = accessPolicies(accessControl);
  return {
    blocks: blockRows(configuration),
    trustDomain,
    policies: found === undefined ? new Uint8Array(0) : accessRecords(found.policies),
    access: found === undefined ? accesses.off : found.allow ? accesses.allow : accesses.deny,
  };
}
