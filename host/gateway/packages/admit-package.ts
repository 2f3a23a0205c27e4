import { type Abi, capabilityAbi } from "../../capability/abi.ts";
import { type AdmittedModule, admit } from "../../capability/admission.ts";
import { type Authority, authorityOf, type Grant } from "../../capability/grants.ts";
import { readDescription } from "../../capability/http-offer.ts";
import { httpWasmAbi } from "../../capability/http-wasm/http-wasm-abi.ts";
import type { ComponentOffer, HttpOffer, Limits, ModuleEntry } from "../../capability/manifest.ts";
import { moduleSections } from "../../capability/module-sections.ts";
import type { PackageSource } from "../../capability/package-source.ts";
import { readManifest } from "../../capability/read-manifest.ts";
import { mustSettle } from "../../capability/settles.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { ResourceError } from "../../resources/fields.ts";
import type { GuestRow } from "../table-shape.ts";
import { compileOperation } from "./compile-operation.ts";
import type { GuestModule } from "./compose-guests.ts";
import {
  httpOffers,
  moduleOf,
  remarksOn,
  usedComponents,
  usedFunctions,
  usedHandlers,
} from "./gateway-offers.ts";
import { grantRows } from "./grant-rows.ts";
import { meterGuest } from "./meter-guest.ts";
import { SchemaTable } from "./schema-table.ts";
import { sourceRows } from "./source-rows.ts";

/** A package that was let in: what the gateway's table says of it, and what stands beside the gateway. */
export interface GatewayPackage {
  readonly row: GuestRow;
  /** Undefined: it has no module of our own ABI. */
  readonly guest: GuestModule | undefined;
  /** The components that it can be. */
  readonly components: readonly ComponentOffer[];
  /** Its guests of http-wasm, of which each component makes one: see handler-guests.ts. */
  readonly handlers: readonly OfferedHandler[];
  /** Of a guest of http-wasm: the component that it is, and the features of that. */
  readonly handles?: {
    readonly component: string;
    readonly type: string;
    readonly version: string;
    readonly features: number;
  };
  /** As `GET /v1.0/capabilities` shows it; undefined: not at all. */
  readonly shown: object | undefined;
  /** What of it is passed over, one sentence each. */
  readonly remarks: readonly string[];
}

/** A type of middleware that is a guest of http-wasm. */
export interface OfferedHandler extends Pick<ComponentOffer, "type" | "version"> {
  readonly module: AdmittedModule;
  readonly limits: Limits;
}

async function operationsOf(
  offers: readonly HttpOffer[],
  authority: Authority,
  source: PackageSource,
  table: SchemaTable,
): Promise<GuestRow["operations"]> {
  const rows: GuestRow["operations"][number][] = [];
  for (const offer of offers) {
    const schemas: object[] = [];
    const sources = sourceRows(offer, authority);
    for (const operation of await readDescription(offer, source, schemas))
      rows.push(compileOperation(operation, offer.name, schemas, table, sources));
  }
  return rows;
}

async function admitted(source: PackageSource, grant: Grant | undefined): Promise<GatewayPackage> {
  if (source.manifest instanceof Error) throw source.manifest;
  const manifest = readManifest(source.manifest, `${source.origin}/capability.json`);
  const authority = authorityOf(manifest, grant);
  const { granted, limits } = authority;
  const letIn = async (entry: ModuleEntry, abi: Abi) => {
    const module = await admit(await source.read(entry.path), entry, { abi, granted, limits });
    await mustSettle(module);
    return module;
  };
  const handlers: OfferedHandler[] = [];
  for (const { type, version, entry } of usedHandlers(manifest))
    handlers.push({ type, version, module: await letIn(entry, httpWasmAbi), limits });
  const entry = moduleOf(manifest);
  const module = entry && (await letIn(entry, capabilityAbi));
  const exports = new Map(module && moduleSections(module.bytes).exports);
  const { name, version, description, needs } = manifest;
  const schemas = new SchemaTable();
  const operations = await operationsOf(httpOffers(manifest), authority, source, schemas);
  const functions = usedFunctions(manifest).map((offer) => offer.name);
  const components = usedComponents(manifest);
  return {
    row: {
      name,
      operations,
      schemas: schemas.finish(),
      functions: functions.map((text) => ({ text })),
      ...grantRows(granted),
      answer: limits.answer,
      memory: module?.memory ?? 0,
      calls: limits.calls,
      timeMs: limits.timeMs,
      resumes: exports.has("cap_resume") ? 1 : 0,
      initializes: exports.has("_initialize") ? 1 : 0,
    },
    guest: module && {
      bytes: meterGuest(module.bytes),
      imports: module.imports.map((one) => one.slice(one.indexOf(".") + 1)),
      exports: [...exports.keys()],
    },
    components,
    handlers,
    shown: {
      name,
      version,
      description,
      status: "loaded",
      modules: [...new Set([...(module ? [module] : []), ...handlers.map((each) => each.module)])].map(
        (each) => ({ name: each.name, sha256: each.sha256, imports: each.imports, memory: each.memory }),
      ),
      operations: operations.map(({ id, method, segments }) => ({
        id,
        method,
        path: segments.map(({ text, takes }) => (takes ? `/{${text}}` : `/${text}`)).join(""),
      })),
      functions,
      components: [...components, ...handlers].map(({ type }) => type),
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
