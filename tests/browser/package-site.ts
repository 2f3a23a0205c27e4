import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Page } from "playwright/test";
import type { PackageSource } from "../../host/capability/package-source.ts";
import { compileAssemblyScript } from "../../host/node/cli/capability/compile-assemblyscript.ts";
import { attacks } from "../capability/attacks.ts";
import { packageOf } from "../capability/wat-package.ts";
import { composed } from "./composed.ts";
import { call, expect, Site } from "./fixtures.ts";

const hello = resolve(import.meta.dirname, "../../dist/capabilities/hello");

export const greet = "/v1.0/capabilities/hello/hello?name=you";
export const runOf = (name: string) => `/v1.0/capabilities/${name}/run`;
export const post = { method: "POST", body: "{}", headers: { "content-type": "application/json" } };

export const nameOf = ({ manifest }: PackageSource) => (manifest as { name: string }).name;

/** As a site names them, beside the smallest that is shipped. */
export function addressesOf(packages: readonly PackageSource[]): readonly string[] {
  return ["hello", ...packages.map(nameOf)].map((name) => `packages/${name}/`);
}

export async function putPackages(site: Site, packages: readonly PackageSource[]): Promise<void> {
  for (const file of readdirSync(hello))
    site.files.set(`packages/hello/${file}`, () => readFileSync(join(hello, file)));
  for (const one of packages) {
    const bytes = Buffer.from(await one.read("main.wasm"));
    site.files.set(`packages/${nameOf(one)}/capability.json`, JSON.stringify(one.manifest));
    site.files.set(`packages/${nameOf(one)}/main.wasm`, () => bytes);
  }
}

/** Of an attack that only its deadline ends: it need not last for longer. */
const LATE_MS = 300;

/** The smallest that is shipped gives itself a tenth of a second, which a busy machine may take from it. */
export const patience = { hello: { limits: { timeMs: 20_000 } } };

/**
 * A site whose own worker has these packages, beside the smallest that is shipped, and those at addresses of its own, `others`; with
 * `fromPages` its pages add more.
 */
export async function siteWith(
  packages: readonly PackageSource[],
  grants: object = {},
  fromPages = false,
  others: readonly string[] = [],
): Promise<Site> {
  const site = await Site.start();
  site.files.set(
    "sw.js",
    await composed(
      `import { capabilities, compose, workerRegistry } from "daprlet/worker";
       compose(self, workerRegistry, {
         capabilities: capabilities({
           packages: ${JSON.stringify([...addressesOf(packages), ...others])},
           grants: ${JSON.stringify({ ...patience, ...grants })},
           fromPages: ${fromPages},
         }),
         own: true,
       });`,
    ),
  );
  await putPackages(site, packages);
  return site;
}

export const attackGrants = {
  ...patience,
  ...Object.fromEntries(
    attacks.map(({ package: one, grant, late }) => [
      nameOf(one),
      { ...(grant === "all" && { all: true }), ...(late && { limits: { timeMs: LATE_MS } }) },
    ]),
  ),
};

/** Every hostile package is called in a page that has registered `app`, and another one beside it. */
export async function withstandsAttacks(page: Page, address: string): Promise<void> {
  await page.evaluate(() =>
    window.daprlet.serve({
      appId: "app",
      fetch: ({ url }) =>
        url.includes("/dapr/") ? new Response(null, { status: 404 }) : new Promise(() => {}),
    }),
  );
  const began = Date.now();
  for (const attack of attacks) {
    const name = nameOf(attack.package);
    const body = attack.body ?? "{}";
    const [answer, beside] = await Promise.all([
      call(page, runOf(name), { ...post, body }),
      call(page, greet),
    ]);
    const { message } = JSON.parse(answer.body) as { message: string };
    const says = attack.says
      .replace("tests/attacker", `${address}packages/${name}`)
      .replace("answer within 1000 ms", `answer within ${LATE_MS} ms`);
    expect([attack.name, answer.status, message]).toEqual([
      attack.name,
      attack.status,
      expect.stringContaining(says),
    ]);
    expect([attack.name, beside.status]).toEqual([attack.name, 200]);
  }
  console.log(`${attacks.length} attacks took ${Date.now() - began} ms`);
}

/** A type of actors, `Counter`. */
export async function counterPackage(): Promise<PackageSource> {
  const source = resolve(import.meta.dirname, "../capability/counter/index.ts");
  const bytes = new Uint8Array(await compileAssemblyScript(source, 64));
  return packageOf("counter", bytes, {
    offers: [{ kind: "actor", type: "Counter" }],
    needs: { actors: ["Counter"] },
    limits: { timeMs: 60_000, concurrency: 4 },
  });
}
