import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { hostsOf } from "../host/components/availability.ts";
import { families } from "../host/components/component.ts";
import type { Registry } from "../host/components/registry.ts";
import { nodeRegistry } from "../host/node/registry.ts";
import { workerRegistry } from "../worker/components/registry.ts";

const root = resolve(import.meta.dirname, "..");

interface Source {
  /** From the root, with forward slashes. */
  readonly file: string;
  readonly code: string;
  /** Files of the project, or bare specifiers as written. */
  readonly imports: readonly {
    readonly target: string;
    readonly bare: boolean;
    readonly effectOnly: boolean;
  }[];
}

function* walk(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (/\.(ts|tsx)$/.test(entry.name)) yield path;
  }
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`\\])\/\/.*$/gm, "$1");
}

const statement =
  /(?:^|\n)\s*(?:import|export)\s+(?:[^"';]*?\sfrom\s*)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g;

function read(path: string): Source {
  const code = withoutComments(readFileSync(path, "utf8"));
  const imports = [...code.matchAll(statement)].map((match) => {
    const specifier = (match[1] ?? match[2]) as string;
    const bare = !specifier.startsWith(".");
    const target = bare
      ? specifier
      : relative(root, resolve(dirname(path), specifier.split("?")[0] as string));
    return { target, bare, effectOnly: /(?:^|\n)\s*import\s*["']/.test(match[0]) };
  });
  return { file: relative(root, path), code, imports };
}

const all = ["assembly", "capabilities", "host", "worker", "demo"]
  .flatMap((folder) => [...walk(join(root, folder))])
  .map(read);
const sources = all.filter(({ file }) => !/\.(test|spec)\.tsx?$/.test(file));
const product = sources.filter(({ file }) => /^(host|worker)\//.test(file));

/** Every broken import or line, as `file: what`. */
function broken(files: readonly Source[], rule: (source: Source) => readonly string[]): string[] {
  return files.flatMap((source) => rule(source).map((what) => `${source.file}: ${what}`));
}

const imported = (source: Source, forbidden: (target: string, bare: boolean) => boolean) =>
  source.imports
    .filter(({ target, bare }) => forbidden(target, bare))
    .map(({ target }) => `imports ${target}`);

const mentions = (source: Source, word: RegExp) =>
  source.code
    .split("\n")
    .filter((line) => word.test(line))
    .map((line) => line.trim().slice(0, 90));

const under = (target: string, ...folders: string[]) =>
  folders.some((folder) => target.startsWith(`${folder}/`));

/** What `self`, storage and clients are called where only the worker may name them. */
const workerGlobals =
  /(?<![.\w"'`$-])(indexedDB|clients|skipWaiting)\b(?!["'`:?]|\s*[:?=])|(?<![.\w"'`$])self\.(clients|registration|skipWaiting|addEventListener|postMessage|location|indexedDB|caches|crypto)\b/;

const roots = [
  "worker/service-worker.ts",
  "worker/page-mode/page-mode.ts",
  "host/node/create-runtime.ts",
  "host/node/main.ts",
];

describe("what may import what", () => {
  it("1. assembly/ imports only assembly/", () => {
    const files = sources.filter(({ file }) => under(file, "assembly"));
    expect(files.length).toBeGreaterThan(0);
    expect(broken(files, (s) => imported(s, (target, bare) => bare || !under(target, "assembly")))).toEqual(
      [],
    );
  });

  it("1. a capability imports only capabilities/guest and itself", () => {
    const files = sources.filter(({ file }) => under(file, "capabilities"));
    const own = ({ file }: Source) => file.split("/").slice(0, 2).join("/");
    const foreign = (s: Source) =>
      imported(s, (target, bare) => bare || !under(target, "capabilities/guest", own(s)));
    // An index is named by its folder.
    expect(broken(files, foreign).filter((what) => !what.endsWith(" capabilities/guest"))).toEqual([]);
  });

  it("2. only host/core/ and host/capability/ name WebAssembly", () => {
    const files = product.filter(({ file }) => !under(file, "host/core", "host/capability"));
    // The API's name with something done to it: texts may say the word.
    expect(broken(files, (s) => mentions(s, /\bWebAssembly\s*[.,;)\]]/))).toEqual([]);
  });

  it("3. a component imports its interface, the contract, errors and the mesh it rides on, never another component", () => {
    const families = ["host/components", "host/node/components", "worker/components"];
    const contract =
      /^host\/components\/(component|components|metadata-schema|registry|availability|open-component)\.ts$/;
    const files = product.filter(({ file }) => under(file, ...families) && !contract.test(file));
    const forbidden = (target: string) =>
      under(target, "host/api", "host/core") || target === "host/runtime.ts" || target === "host/sidecar.ts";
    expect(broken(files, (s) => imported(s, forbidden))).toEqual([]);
  });

  it("4. host/api and host/runtime.ts import interfaces; implementations come in as arguments", () => {
    const files = product.filter(({ file }) => under(file, "host/api") || file === "host/runtime.ts");
    const implementation = (target: string) =>
      under(target, "host/node", "worker", "host/vite") ||
      /^host\/components\/[a-z]+\/(in-memory|relay|dapr)/.test(target);
    expect(broken(files, (s) => imported(s, implementation))).toEqual([]);
  });

  it("5. node:* only in host/node and host/vite", () => {
    const files = product.filter(({ file }) => !under(file, "host/node", "host/vite"));
    expect(broken(files, (s) => imported(s, (target) => target.startsWith("node:")))).toEqual([]);
  });

  it("5. self, clients and indexedDB only in worker", () => {
    const files = product.filter(({ file }) => !under(file, "worker"));
    expect(broken(files, (s) => mentions(s, workerGlobals))).toEqual([]);
  });

  it("5. wasi:* only in assembly/gateway/wasi", () => {
    // And where Wasm components are taken apart, by the names that they have.
    const places = ["assembly/gateway/wasi", "host/node/cli/capability/component"];
    const files = sources.filter(({ file }) => !under(file, ...places));
    expect(broken(files, (s) => mentions(s, /["']wasi:/))).toEqual([]);
  });

  it("6. composition roots are imported by nobody inside, but for the entries that re-export them", () => {
    const entries = ["host/node/index.ts"];
    const files = product.filter(({ file }) => !entries.includes(file));
    const found = broken(files, (s) =>
      imported(s, (target) => roots.includes(target)).filter(
        // The client loads the page mode lazily: an entry of its own, not a dependency.
        (what) => !(under(s.file, "worker/client") && what.endsWith("worker/page-mode/page-mode.ts")),
      ),
    );
    expect(found).toEqual([]);
  });

  it("7. demo/ imports only what the package exports", () => {
    const files = sources.filter(({ file }) => under(file, "demo"));
    expect(files.length).toBeGreaterThan(0);
    expect(broken(files, (s) => imported(s, (target, bare) => !bare && !under(target, "demo")))).toEqual([]);
  });

  it("7. no import for its side effects", () => {
    const rule = (s: Source) =>
      s.imports.filter(({ effectOnly }) => effectOnly).map(({ target }) => `imports ${target}`);
    expect(broken(product, rule)).toEqual([]);
  });

  it("7. no mutable state at module level", () => {
    const rule = (s: Source) => s.code.split("\n").filter((line) => /^(export )?(let|var) /.test(line));
    expect(broken(product, rule)).toEqual([]);
  });

  it("7. no cycles", () => {
    const graph = new Map(
      product.map((s) => [s.file, s.imports.filter(({ bare }) => !bare).map(({ target }) => target)]),
    );
    const typeOnly = new Map(
      product.map((s) => [
        s.file,
        new Set(
          [...s.code.matchAll(/(?:^|\n)\s*(?:import|export)\s+type\s[^"';]*?from\s*["'](\.[^"']+)["']/g)].map(
            (match) => relative(root, resolve(dirname(join(root, s.file)), match[1] as string)),
          ),
        ),
      ]),
    );
    const cycles: string[] = [];
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]) => {
      if (path.includes(file)) {
        cycles.push([...path.slice(path.indexOf(file)), file].join(" → "));
        return;
      }
      if (done.has(file)) return;
      for (const next of graph.get(file) ?? []) {
        // A type-only import is erased: it cannot make two files wait for each other.
        if (!typeOnly.get(file)?.has(next) && graph.has(next)) visit(next, [...path, file]);
      }
      done.add(file);
    };
    for (const file of graph.keys()) visit(file, []);
    expect(cycles).toEqual([]);
  });
});

describe("time, chance and the network come from the platform", () => {
  it("names no clock, timer, random source or environment below a composition root", () => {
    const edges = ["host/node", "host/vite", "worker"];
    const files = product.filter(
      ({ file }) => !under(file, ...edges) && !["host/web-platform.ts", "host/fake-clock.ts"].includes(file),
    );
    const words =
      /\bDate\.now\(|\bnew Date\(\)|\bsetTimeout\(|\bsetInterval\(|\bMath\.random\(|\bcrypto\.(?!subtle\b)|\bprocess\./;
    expect(broken(files, (s) => mentions(s, words))).toEqual([]);
  });
});

describe("one list per fact", () => {
  it("tells of every component which hosts have it, as their registries do", () => {
    const actual: Record<string, string[]> = {};
    const add = (host: string, registry: Registry) => {
      for (const { type } of families.flatMap(
        (family): readonly { type: string }[] => registry[family] ?? [],
      )) {
        actual[type] = [...(actual[type] ?? []), host];
      }
    };
    add("a page", workerRegistry({ databasePrefix: "architecture", incarnation: undefined }));
    add("Node", nodeRegistry);
    expect(actual).toEqual(hostsOf);
  });
});

describe("files", () => {
  it("stay under 300 lines, but for tables", () => {
    const tables = ["host/errors/catalogue.ts", "host/gateway/table-shape.ts"];
    const long = product.filter(
      ({ file }) => !tables.includes(file) && readFileSync(join(root, file), "utf8").split("\n").length > 300,
    );
    expect(long.map(({ file }) => file)).toEqual([]);
  });

  it("are kebab-case and not called after what everybody shares", () => {
    const names = sources.map(({ file }) => file);
    expect(names.filter((file) => !/^[a-z0-9-/.]+$/.test(file))).toEqual([]);
    expect(
      names.filter((file) => /(^|\/)(utils?|helpers?|common|managers?|misc)(\.ts|\/)/.test(file)),
    ).toEqual([]);
  });
});
