import type { Resources } from "../../host/resources/resources.ts";
import type { RegisterOptions } from "./register.ts";

/** Components as `register` takes them; undefined where none are given. Throws a ResourceError. */
export async function givenResources(
  given: RegisterOptions["components"],
  own: typeof fetch,
  base: string,
): Promise<Resources | undefined> {
  if (given === undefined) return undefined;
  if (typeof given !== "string" && !(given instanceof URL)) {
    const { resourcesFromObjects } = await import("../client-resources.ts");
    return resourcesFromObjects(given);
  }
  const { resourcesFromYaml } = await import("../client-yaml.ts");
  if (typeof given === "string" && given.includes("\n")) return resourcesFromYaml(given, "register()");
  const url = new URL(given, base);
  const response = await own(url);
  if (!response.ok) throw new Error(`register(): components at ${url.href} answer ${response.status}`);
  return resourcesFromYaml(await response.text(), url.pathname);
}
