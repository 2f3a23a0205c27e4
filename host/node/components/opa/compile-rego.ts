import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

const run = promisify(execFile);
const unzip = promisify(gunzip);
const compileMs = 60_000;
/** Of what the compiler says. */
const quoted = 500;

/** Where the blocks of a tar archive have what (POSIX.1-1988, ustar). */
const block = 512;
const nameBytes = 100;
const sizeAt = 124;
const sizeBytes = 12;

/** A file of a tar archive by its name, a leading slash aside; undefined where there is none. */
export function fileIn(archive: Uint8Array, wanted: string): Uint8Array | undefined {
  const text = (from: number, length: number) =>
    new TextDecoder().decode(archive.subarray(from, from + length)).replace(/\0.*$/s, "");
  for (let at = 0; at + block <= archive.length; ) {
    const name = text(at, nameBytes);
    const size = Number.parseInt(text(at + sizeAt, sizeBytes), 8);
    if (name === "" || Number.isNaN(size)) return undefined;
    const begin = at + block;
    if (name.replace(/^\/|^\.\//, "") === wanted) return archive.subarray(begin, begin + size);
    at = begin + Math.ceil(size / block) * block;
  }
  return undefined;
}

/**
 * The source of a policy, compiled by the `opa` that is on the PATH: today's Rego, else that of before OPA 1.0. Rejects with
 * a sentence that says what is missing, or what the compiler says.
 */
export async function compileRego(source: string, entryPoint: string): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await mkdtemp(join(tmpdir(), "daprlet-opa-"));
  try {
    await writeFile(join(folder, "policy.rego"), source, { mode: 0o600 });
    const build = (...more: readonly string[]) =>
      run("opa", ["build", "-t", "wasm", "-e", entryPoint, "-o", "bundle.tar.gz", ...more, "policy.rego"], {
        cwd: folder,
        timeout: compileMs,
      });
    try {
      await build();
    } catch (error) {
      const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
      if (code === "ENOENT") throw new Error("there is no opa on the PATH to compile it");
      await build("--v0-compatible").catch(() => {
        throw new Error(`opa cannot compile it: ${stderr.trim().slice(0, quoted)}`);
      });
    }
    const bundle = await unzip(await readFile(join(folder, "bundle.tar.gz")));
    const policy = fileIn(bundle, "policy.wasm");
    if (policy === undefined) throw new Error("opa made a bundle without policy.wasm");
    return new Uint8Array(policy);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
