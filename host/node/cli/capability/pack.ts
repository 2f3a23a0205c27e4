import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { abis } from "../../../capability/abis.ts";
import { admit } from "../../../capability/admission.ts";
import { readManifest } from "../../../capability/read-manifest.ts";
import type { Terminal } from "../terminal.ts";
import { buildPackage } from "./build.ts";
import { tar } from "./tar.ts";

/** `daprlet capability pack`: builds, checks that a sidecar would let it in, and puts it into one file. Answers the exit code. */
export async function pack(path: string, terminal: Terminal): Promise<number> {
  const folder = resolve(path);
  const built = resolve(folder, "dist");
  for (const line of await buildPackage(folder, built)) terminal.out(line);
  const file = join(built, "capability.json");
  const manifest = readManifest(JSON.parse(await readFile(file, "utf8")), file);
  for (const entry of manifest.modules) {
    const bytes = new Uint8Array(await readFile(join(built, entry.path)));
    await admit(bytes, entry, { abi: abis[entry.abi], granted: manifest.needs, limits: manifest.limits });
  }
  const entries = await readdir(built, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const files = await Promise.all(
    paths.toSorted().map(async (path) => ({
      path: `${manifest.name}/${relative(built, path).split(sep).join("/")}`,
      bytes: new Uint8Array(await readFile(path)),
    })),
  );
  const archive = gzipSync(tar(files));
  const name = `${manifest.name}-${manifest.version}.tgz`;
  await writeFile(join(folder, name), archive);
  terminal.out(
    `${name}: ${files.length} files, ${archive.length} bytes; unpacked into a folder of --capabilities it is loaded`,
  );
  return 0;
}
