import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { builtPackage } from "./guest.ts";

const root = resolve(import.meta.dirname, "../..");
const kilobyte = 1024;

const names = readdirSync(resolve(root, "capabilities")).filter((name) =>
  existsSync(resolve(root, "capabilities", name, "capability.json")),
);

/** What a package's README says of its size. A larger number needs a reason in the commit that writes it. */
function budget(name: string): number {
  const readme = readFileSync(resolve(root, "dist/capabilities", name, "README.md"), "utf8");
  return Number(/^(?:.* )?Its module has at most (\d+) KB\.$/m.exec(readme)?.[1]) * kilobyte;
}

describe("the packages that are shipped", () => {
  it.each(names)("%s is let in, within the size that its README says", async (name) => {
    const { manifest, module } = await builtPackage(name);
    expect(manifest.name).toBe(name);
    expect(manifest.description).not.toBe("");
    const limit = budget(name);
    console.log(`${name}: ${module.bytes.length} of ${limit} bytes`);
    expect(module.bytes.length).toBeLessThanOrEqual(limit);
    // Nor is it said to be much larger than it is.
    expect(module.bytes.length).toBeGreaterThan(limit * 0.8);
  });
});
