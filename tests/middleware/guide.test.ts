import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { nodeRegistry } from "../../host/node/index.ts";

const guide = readFileSync(new URL("../../docs/middleware.md", import.meta.url), "utf8");

/** The fields that the guide tells of, by type. */
const sections = guide.split(/^## /m).slice(1);
const told = sections.map((section): [string, string[]] => [
  section.split("\n", 1)[0] ?? "",
  [...section.matchAll(/^\| (`\w+`.*?) \|/gm)].flatMap(([, names = ""]) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name),
  ),
]);

it.each(told)("the guide to %s tells of its fields", (type, fields) => {
  const definition = nodeRegistry.middleware?.find((known) => known.type === type);
  const refused = ["fields"];
  const known = Object.keys(definition?.metadata ?? {}).filter((name) => !refused.includes(name));
  expect([...fields].sort()).toEqual(known.sort());
});
