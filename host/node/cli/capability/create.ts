import { mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { version } from "../../../version.ts";
import { UsageError } from "../arguments.ts";
import type { Terminal } from "../terminal.ts";

const manifest = (name: string) => ({
  name,
  version: "0.1.0",
  description: "Greets.",
  modules: [{ name, path: `${name}.wasm` }],
  offers: [
    {
      kind: "http",
      openapi: {
        openapi: "3.1.0",
        info: { title: name, version: "0.1.0" },
        paths: {
          "/greet": {
            get: {
              operationId: "greet",
              parameters: [{ name: "name", in: "query", schema: { type: "string", maxLength: 100 } }],
              responses: { 200: { description: "A greeting, as text." } },
            },
          },
        },
      },
    },
  ],
  needs: {},
  limits: { memory: "1Mi", timeMs: 100 },
});

const entry = `import { Answer, Request, serve, Step } from "daprlet/capabilities/guest";

export { cap_abi_version, cap_alloc, cap_handle, cap_resume } from "daprlet/capabilities/guest/abi";

serve((request: Request): Step => {
  const name = request.field("name");
  return Answer.text("Hello, " + (name === null ? "world" : name) + "!");
});
`;

const requests = [
  { request: "GET /greet?name=Ada", answer: "Hello, Ada!" },
  { request: "GET /greet", answer: "Hello, world!" },
  { request: `GET /greet?name=${"a".repeat(101)}`, status: 400 },
];

const readme = (name: string) => `# ${name}

Greets: \`GET …/v1.0/capabilities/${name}/greet?name=Ada\`.

\`npm install\`, then \`npx daprlet capability build\` compiles \`assembly/\` into \`dist/\`, and \`npx daprlet capability test\` makes
the requests of \`requests.json\` of it in its confinement.
`;

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

function files(name: string): ReadonlyMap<string, string> {
  return new Map([
    ["capability.json", json(manifest(name))],
    ["assembly/index.ts", entry],
    // For editors, which know AssemblyScript's types by it.
    ["assembly/tsconfig.json", json({ extends: "assemblyscript/std/assembly.json", include: ["./**/*.ts"] })],
    ["requests.json", json(requests)],
    ["README.md", readme(name)],
    [".gitignore", "node_modules/\ndist/\n*.tgz\n"],
    [
      "package.json",
      json({
        name,
        private: true,
        scripts: { build: "daprlet capability build", test: "daprlet capability test" },
        devDependencies: { assemblyscript: "^0.28.0", daprlet: `^${version}` },
      }),
    ],
  ]);
}

/** `daprlet capability new`: a package that can be built and called as it is. Answers the exit code. */
export async function create(path: string, terminal: Terminal): Promise<number> {
  const folder = resolve(path);
  const name = basename(folder);
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)) {
    throw new UsageError(`${name} is no name of a package: lower-case letters, digits, dots and dashes`);
  }
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw new UsageError(`${path} is there already, and not empty`);
  for (const [file, text] of files(name)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  terminal.out(`${path} is a package that greets. Go on with:`);
  terminal.out(`  cd ${path} && npm install`);
  terminal.out("  npx daprlet capability test");
  return 0;
}
