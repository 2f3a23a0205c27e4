// Gathers what `daprlet init` copies: the files a static site needs beside its pages.
import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";

const dist = new URL("../dist/", import.meta.url).pathname;
const site = `${dist}site`;
rmSync(site, { recursive: true, force: true });
mkdirSync(site);
const wanted = readdirSync(dist).filter((name) =>
  /^(sw|client|actors|guest-worker|packages|lent|page-mode|yaml)[\w.-]*\.js$|^core\.wasm$/.test(name),
);
for (const name of wanted) cpSync(`${dist}${name}`, `${site}/${name}`);
