import { capabilityAbi } from "../../capability/abi.ts";
import { admit } from "../../capability/admission.ts";
import { authorityOf, type Grant } from "../../capability/grants.ts";
import { readDescription } from "../../capability/http-offer.ts";
import type { ComponentOffer, HttpOffer } from "../../capability/manifest.ts";
import { moduleSections } from "../../capability/module-sections.ts";
import type { PackageSource } from "../../capability/package-source.ts";
import { readManifest } from "../../capability/read-manifest.ts";
import { mustSettle } from "../../capability/settles.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { ResourceError } from "../../resources/fields.ts";
import type { GuestRow } from "../table-shape.ts";
import { compileOperation } from "./compile-operation.ts";
import type { GuestModule } from "./compose-guests.ts";
import { moduleOf, remarksOn, usedComponents, usedFunctions } from "./gateway-offers.ts";
import { grantRows } from "./grant-rows.ts";
import { meterGuest } from "./meter-guest.ts";
import { SchemaTable } from "./schema-table.ts";

/** A package that was let in: what the gateway's table says of it, and what stands beside the gateway. */
export interface GatewayPackage {
  readonly row: GuestRow;
  readonly guest: GuestModule;
  /** The components that it can be. */
  readonly components: readonly ComponentOffer[];
  /** As `GET /v1.0/capabilities` shows it. */
  readonly shown: object;
  /** What of it is passed over, one sentence each. */
  readonly remarks: readonly string[];
}

async function operationsOf(
  offers: readonly HttpOffer[],
  source: PackageSource,
  table: SchemaTable,
): Promise<GuestRow["operations"]> {
  const rows: GuestRow["operations"][number][] = [];
  for (const offer of offers) {
    const schemas: object[] = [];
    for (const operation of await readDescription(offer, source, schemas))
      rows.push(compileOperation(operation, offer.name, schemas, table));
  }
  return rows;
}

async function admitted(source: PackageSource, grant: Grant | undefined): Promise<GatewayPackage> {
  if (source.manifest instanceof Error) throw source.manifest;
  const manifest = readManifest(source.manifest, `${source.origin}/capability.json`);
  const authority = authorityOf(manifest, grant);
  const { granted, limits } = authority;
  const entry = moduleOf(manifest);
  const module = await admit(await source.read(entry.path), entry, { abi: capabilityAbi, granted, limits });
  await mustSettle(module);
  const { exports } = moduleSections(module.bytes);
  const { name, version, description, needs } = manifest;
  const schemas = new SchemaTable();
  const operations = await operationsOf(
    manifest.offers.filter((offer) => offer.kind === "http"),
    source,
    schemas,
  );
  const functions = usedFunctions(manifest).map((offer) => offer.name);
  const components = usedComponents(manifest);
  return {
    row: {
      name,
      operations,
      schemas: schemas.rows,
      functions: functions.map((text) => ({ text })),
      ...grantRows(granted),
      answer: limits.answer,
      memory: module.memory,
      calls: limits.calls,
      timeMs: limits.timeMs,
      resumes: exports.has("cap_resume") ? 1 : 0,
      initializes: exports.has("_initialize") ? 1 : 0,
    },
    guest: {
      bytes: meterGuest(module.bytes),
      imports: module.imports.map((one) => one.slice(one.indexOf(".") + 1)),
      exports: [...exports.keys()],
    },
    components,
    shown: {
      name,
      version,
      description,
      status: "loaded",
      modules: [{ name: module.name, sha256: module.sha256, imports: module.imports, memory: module.memory }],
      operations: operations.map(({ id, method, segments }) => ({
        id,
        method,
        path: segments.map(({ text, takes }) => (takes ? `/{${text}}` : `/${text}`)).join(""),
      })),
      functions,
      components: components.map(({ type }) => type),
      asked: needs,
      granted,
      refused: authority.refused,
      limits,
    },
    remarks: remarksOn(manifest, authority),
  };
}

/** Lets a package in, or throws a ResourceError that says why not. */
export async function admitPackage(
  source: PackageSource,
  grant: Grant | undefined,
  at: string,
): Promise<GatewayPackage> {
  try {
    return await admitted(source, grant);
  } catch (error) {
    const { name } = (source.manifest ?? {}) as { readonly name?: unknown };
    const called = typeof name === "string" ? `package ${name}` : "the package";
    throw new ResourceError(`${at}: ${called} was not let in: ${reasonOf(error)}`);
  }
}
