import { createHash } from "node:crypto";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { bake, bakedConfiguration } from "../../gateway/bake.ts";
import { compileGateway } from "../../gateway/compile-gateway.ts";
import { importedInterfaces } from "../../gateway/component-imports.ts";
import { composeGuests } from "../../gateway/packages/compose-guests.ts";
import { handlerGuests } from "../../gateway/packages/handler-guests.ts";
import { readGateway } from "../../gateway/read-gateway.ts";
import { needsOf, variantOf } from "../../gateway/serve-arguments.ts";
import { encodeTable } from "../../gateway/table.ts";
import type { GatewayTable } from "../../gateway/table-shape.ts";
import { ResourceError } from "../../resources/fields.ts";
import { WasmFormatError } from "../../wasm-sections.ts";
import { yamlFiles } from "../resource-files.ts";
import { shownPath } from "../shown-path.ts";
import { openPackages } from "./gateway-packages.ts";
import { handlerFiles } from "./handler-files.ts";

/** A gateway's file: what is inside, and what it asks of its host. */
export interface GatewayFile {
  readonly bytes: Uint8Array;
  readonly configuration: GatewayTable;
  readonly imports: readonly string[];
  /** What of its packages is passed over, one sentence each. */
  readonly remarks: readonly string[];
}

/** Beside the folder of the built command line, or in `dist/` when the sources run under a test runner. */
const places = ["../gateway/", "../../../dist/gateway/"];

async function shipped(name: string): Promise<Uint8Array<ArrayBuffer>> {
  for (const place of places) {
    try {
      return new Uint8Array(await readFile(new URL(`${place}${name}.wasm`, import.meta.url)));
    } catch {
      // The next place.
    }
  }
  throw new Error(
    `${name}.wasm, of which a gateway is made, is missing beside the package's files; run \`npm run build\``,
  );
}

function opened(bytes: Uint8Array, configuration: GatewayTable): GatewayFile {
  return { bytes, configuration, imports: importedInterfaces(bytes), remarks: [] };
}

/** Builds a gateway from files of YAML, or folders with some. Throws ResourceError with file, line and field. */
export async function buildGateway(paths: readonly string[]): Promise<GatewayFile> {
  const files = (await Promise.all(paths.map((path) => yamlFiles(path, "gateway configuration")))).flat();
  if (files.length === 0) throw new ResourceError(`${paths.join(", ")}: no YAML file in it`);
  const texts = await Promise.all(
    files.map(async (file) => ({ name: shownPath(file), text: await readFile(file, "utf8") })),
  );
  const resources = readGateway(texts, await import("../yaml.ts"));
  const folder = dirname(resources.source);
  const own = await openPackages(resources.gateway, folder);
  const packages = [...own, ...(await handlerGuests(resources, own, handlerFiles(folder, shipped)))];
  const configuration = compileGateway(resources, packages);
  const plain = await shipped(variantOf(needsOf(configuration)));
  const baked = bake(plain, encodeTable(configuration));
  const guests = packages.map(({ guest }) => guest);
  const file = opened(composeGuests(baked, guests), configuration);
  return { ...file, remarks: packages.flatMap(({ remarks }) => remarks) };
}

/** Whether a path is a gateway's file rather than its configuration. */
export async function isGatewayFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && /\.wasm$/i.test(path);
}

/** Opens a gateway's file. Throws where it is none. */
export async function openGateway(path: string): Promise<GatewayFile> {
  const bytes = await readFile(path);
  const configuration = bakedConfiguration(bytes);
  if (configuration === undefined)
    throw new WasmFormatError("it has no configuration inside; build one with `daprlet gateway build`");
  return opened(bytes, configuration);
}

/** Writes a file that is there as a whole or not at all. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(unfinished, bytes);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
