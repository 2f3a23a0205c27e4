import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { ResourceError } from "../resources/fields.ts";
import {
  joinResources,
  noResources,
  type ParsedResources,
  parseResources,
} from "../resources/parse-resources.ts";
import type { Environment } from "../resources/validate-component.ts";

function isYaml(name: string): boolean {
  return /\.ya?ml$/i.test(name);
}

/** A file that is named itself, or the YAML files directly in a folder, in the order of their names. */
async function yamlFiles(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => {
    throw new ResourceError(`resources path ${path} does not exist`);
  });
  if (!found.isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && isYaml(entry.name))
    .map((entry) => join(path, entry.name))
    .sort();
}

/**
 * The resources of files and folders, in the order given. Throws ResourceError naming file, document, line and field.
 * The YAML library is loaded only when there is a file to read.
 */
export async function loadResources(
  paths: readonly string[],
  environment?: Environment,
): Promise<ParsedResources> {
  const files = (await Promise.all(paths.map(yamlFiles))).flat();
  if (files.length === 0) return noResources;
  const [yaml, texts] = await Promise.all([
    import("./yaml.ts"),
    Promise.all(files.map((file) => readFile(file, "utf8"))),
  ]);
  return joinResources(
    texts.map((text, i) => {
      const file = files[i] as string;
      const shown = relative(".", file);
      return parseResources(text, shown.startsWith("..") ? file : shown, yaml, environment);
    }),
  );
}
