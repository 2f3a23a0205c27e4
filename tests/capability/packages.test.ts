import { existsSync, readdirSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { builtPackage } from "./guest.ts";

const root = resolve(import.meta.dirname, "../..");
const kilobyte = 1024;

/** Bytes of each package's module. Raising one of these needs a reason in the commit that does it. */
const budgets: Readonly<Record<string, number>> = {
  compress: 51 * kilobyte,
  detect: 103 * kilobyte,
  encrypt: 45 * kilobyte,
  hello: 9 * kilobyte,
  hostile: 16 * kilobyte,
  "image-resize": 59 * kilobyte,
  "json-schema": 48 * kilobyte,
  "lru-cache": 36 * kilobyte,
  mandelbrot: 15 * kilobyte,
  primes: 16 * kilobyte,
  "text-search": 46 * kilobyte,
};

describe("the packages that are shipped", () => {
  it("each have a budget", () => {
    const names = readdirSync(resolve(root, "capabilities")).filter((name) =>
      existsSync(resolve(root, "capabilities", name, "capability.json")),
    );
    expect(names).toEqual(Object.keys(budgets).sort());
  });

  it.each(Object.entries(budgets))("%s is let in, within %i bytes", async (name, limit) => {
    const { manifest, module } = await builtPackage(name);
    expect(manifest.name).toBe(name);
    expect(manifest.description).not.toBe("");
    console.log(`${name}: ${module.bytes.length} of ${limit} bytes`);
    expect(module.bytes.length).toBeLessThanOrEqual(limit);
    expect(statSync(resolve(root, "dist/capabilities", name, "README.md")).size).toBeGreaterThan(100);
  });
});
