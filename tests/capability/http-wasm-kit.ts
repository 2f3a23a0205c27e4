import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { goModule, offlineGo } from "../go-module.ts";

const run = promisify(execFile);

/** http-wasm's own kit: a guest, and requests whose answers show what the guest got of its host. It is in Go. */
const kit = "github.com/http-wasm/http-wasm-host-go";
const version = "v0.7.0";

const folder = await goModule(kit, version);

/** Undefined: it is there. */
export const missingKit =
  folder === undefined
    ? `the kit is left out: Go, or ${kit} ${version} in its module cache, is not there`
    : undefined;

export async function kitGuest(): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(join(folder as string, "tck/tck.wasm")));
}

/** The headers by which what the kit wants behind the guest answers what it was asked. */
export function kitHeaders(method: string, uri: string, headers: readonly string[]): readonly string[] {
  const seen = ["x-httpwasm-next-method", method, "x-httpwasm-next-uri", uri];
  const counts = new Map<string, number>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    seen.push(`x-httpwasm-next-header-${name}-${count}`, headers[i + 1] as string);
  }
  return seen;
}

const program = `package kit

import (
	"net/http"
	"os"
	"testing"

	"${kit}/tck"
)

func TestKit(t *testing.T) { tck.Run(t, http.DefaultClient, os.Getenv("KIT_URL")) }
`;

/** Has it ask whoever is there: what failed, and all that it said. */
export async function runKit(
  url: string,
): Promise<{ readonly failed: readonly string[]; readonly said: string }> {
  const place = await mkdtemp(join(tmpdir(), "daprlet-kit-"));
  try {
    await writeFile(join(place, "go.mod"), `module kit\n\ngo 1.20\n\nrequire ${kit} ${version}\n`);
    await writeFile(join(place, "kit_test.go"), program);
    const { stdout } = await run("go", ["test", "-v", "-timeout", "60s", "./..."], {
      cwd: place,
      env: { ...offlineGo, KIT_URL: url },
    }).catch((error: { stdout: string }) => error);
    return { failed: stdout.match(/--- FAIL.*|assertion failed.*|\.go:\d+:.*/g) ?? [], said: stdout };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
