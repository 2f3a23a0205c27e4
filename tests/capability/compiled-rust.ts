import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export type RustTarget = "wasm32-unknown-unknown" | "wasm32-wasi";

/** One on the PATH that has a standard library for the target: the first often has none. */
function compilerFor(target: RustTarget): string | undefined {
  const compilers = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "rustc"));
  return compilers.find((compiler) => {
    if (!existsSync(compiler)) return false;
    const { stdout } = spawnSync(compiler, ["--print", "target-libdir", "--target", target], {
      encoding: "utf8",
    });
    return existsSync((stdout ?? "").trim());
  });
}

/** Whether Rust can be compiled here: `apt-get install rustc libstd-rust-dev-wasm32 lld` where it is missing. */
export const noRust =
  compilerFor("wasm32-unknown-unknown") === undefined || compilerFor("wasm32-wasi") === undefined;

/** A core module of one file in Rust, linked with the options given. */
export function compiledRust(
  file: string,
  target: RustTarget,
  ...link: readonly string[]
): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-rust-"));
  try {
    const wasm = join(folder, "guest.wasm");
    const options = ["--edition=2021", "--crate-type=cdylib", "--deny=warnings", "--target", target];
    const small = ["opt-level=s", "strip=symbols", "panic=abort", `link-args=${link.join(" ")}`];
    const source = join(import.meta.dirname, file);
    execFileSync(compilerFor(target) as string, [
      ...options,
      ...small.flatMap((option) => ["-C", option]),
      ...["-o", wasm, source],
    ]);
    return new Uint8Array(readFileSync(wasm));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
