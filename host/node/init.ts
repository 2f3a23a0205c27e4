import { copyFile, mkdir, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of built files that a site needs beside its pages: the worker, the client, and what they load later. */
const site = fileURLToPath(new URL("../site/", import.meta.url));

/**
 * Copies the files a static site needs into `folder`, which is created where it is missing. Answers their names.
 * Nothing else in the folder is touched; running it again updates them.
 */
export async function init(folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    const file = error.code === "EEXIST" || error.code === "ENOTDIR";
    throw file ? new Error(`${folder} is, or lies below, a file; name a folder`, { cause: error }) : error;
  });
  const names = await readdir(site).catch(() => {
    throw new Error("the package's files for sites are missing; run `npm run build`");
  });
  await Promise.all(names.map((name) => copyFile(join(site, name), join(folder, name))));
  return names;
}

/** What to write into a page after {@link init}: the snippet for the folder that was given. */
export function snippet(folder: string): string {
  const place = relative(".", folder) || ".";
  return [
    `The files are in ${place}. Put this into your page:`,
    "",
    '  <script type="module">',
    '    import { register } from "./client.js";',
    '    await register({ appId: "my-app" });',
    '    await fetch("/v1.0/state/statestore", {',
    '      method: "POST",',
    '      body: JSON.stringify([{ key: "hello", value: "world" }]),',
    "    });",
    "  </script>",
  ].join("\n");
}
