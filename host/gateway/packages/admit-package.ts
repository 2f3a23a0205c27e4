import { capabilityAbi } from "../../capability/abi.ts";
import { admit } from "../../capability/admission.ts";
import { type Authority, authorityOf, type Grant } from "../../capability/grants.ts";
import { readDescription } from "../../capability/http-offer.ts";
import type { CapabilityManifest, HttpOffer, ModuleEntry } from "../../capability/manifest.ts";
import { moduleSections } from "../../capability/module-sections.ts";
import type { PackageSource } from "../../capability/package-source.ts";
import { readManifest } from "../../capability/read-manifest.ts";
import { mustSettle } from "../../capability/settles.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { ResourceError } from "../../resources/fields.ts";
import type { GuestRow } from "../table-shape.ts";
import { compileOperation } from "./compile-operation.ts";
import type { GuestModule } from "./compose-guests.ts";
import { grantRows } from "./grant-rows.ts";
import { meterGuest } from "./meter-guest.ts";

/** A package that was let in: what the gateway's table says of it, and what stands beside the gateway. */
export interface GatewayPackage {
  readonly row: GuestRow;
  readonly guest: GuestModule;
  /** As `GET /v1.0/capabilities` shows it. */
  readonly shown: object;
  /** What of it is passed over, one sentence each. */
  readonly remarks: readonly string[];
}

/** The module that answers the package's HTTP offers. */
function moduleOf({ offers, modules }: CapabilityManifest): ModuleEntry {
  const http = offers.filter((offer) => offer.kind === "http");
  if (http.length === 0)
    throw new Error("it offers no HTTP operations, and a gateway runs nothing else of it");
  const names = http.map(({ name, sources }) => {
    const own = sources.find((source) => source.kind === "module");
    if (own === undefined)
      throw new Error(`no module answers its offer ${name}, and a gateway asks no other source`);
    return own.module;
  });
  const [first] = names;
  const entry = modules.find(({ name }) => name === first);
  if (entry === undefined || names.some((name) => name !== first))
    throw new Error("several modules answer its offers, and a gateway runs one of a package");
  if (entry.abi !== capabilityAbi.name)
    throw new Error(`module ${entry.name} has the ABI ${entry.abi}; a gateway runs modules of our own`);
  return entry;
}

/** What is there and not for a gateway; what was asked for and not granted. */
function remarksOn({ name, offers }: CapabilityManifest, { refused }: Authority): readonly string[] {
  return [
    ...offers
      .flatMap((offer) => {
        if (offer.kind === "component") return [`${offer.type}, which is no component of a gateway`];
        if (offer.kind === "function") return [`the function ${offer.name}, which a gateway does not call`];
        if (offer.kind === "actor") return [`actors of type ${offer.type}, which a gateway does not have`];
        const others = offer.sources.filter(({ kind }) => kind !== "module").map(({ kind }) => kind);
        return others.length === 0
          ? []
          : [`${offer.name} from ${others.join(", ")}, which a gateway does not ask`];
      })
      .map((what) => `package ${name} offers ${what}`),
    ...refused.map((phrase) => `package ${name} asks to ${phrase}, and is not granted it`),
  ];
}

async function operationsOf(
  offers: readonly HttpOffer[],
  source: PackageSource,
): Promise<GuestRow["operations"]> {
  const rows: GuestRow["operations"][number][] = [];
  for (const offer of offers) {
    const schemas: object[] = [];
    for (const operation of await readDescription(offer, source, schemas))
      rows.push(compileOperation(operation, offer.name, schemas));
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
  const operations = await operationsOf(
    manifest.offers.filter((offer) => offer.kind === "http"),
    source,
  );
  return {
    row: {
      name,
      operations,
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
