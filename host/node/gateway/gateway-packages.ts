import { resolve } from "node:path";
import type { GatewayResource } from "../../gateway/gateway-resource.ts";
import { admitPackage, type GatewayPackage } from "../../gateway/packages/admit-package.ts";
import { ResourceError } from "../../resources/fields.ts";
import { packagesIn } from "../capability/package-folders.ts";

/** Lets in the packages of a configuration that is in that folder. Throws ResourceError. */
export async function openPackages(
  { packages }: GatewayResource,
  folder: string,
): Promise<readonly GatewayPackage[]> {
  const opened: GatewayPackage[] = [];
  for (const { path, grant, at } of packages) {
    const { sources } = await packagesIn([resolve(folder, path)]).catch((error: unknown) => {
      throw new ResourceError(`${at}: ${(error as Error).message}`);
    });
    const [source] = sources;
    if (source === undefined || sources.length > 1)
      throw new ResourceError(`${at}: path must name the folder of one package, with its capability.json`);
    opened.push(await admitPackage(source, grant, at));
  }
  return opened;
}
