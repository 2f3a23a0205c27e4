import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import {
  detect,
  guest,
  isSame,
  type Tally,
  type Thing,
  tally,
  total,
} from "../../tests/capability/detect/detecting.ts";

const folder = resolve(import.meta.dirname, "pictures");
const picture = (name: string) => readFileSync(resolve(folder, name));
const truth = JSON.parse(readFileSync(resolve(folder, "objects.json"), "utf8")) as Record<string, Thing[]>;

describe("detect", () => {
  it("finds nine of ten signs on the committed pictures where they are, and little else", () => {
    const tallies = new Map<string, Tally>();
    for (const [name, signs] of Object.entries(truth)) tally(tallies, signs, detect(picture(name)).objects);
    console.log(Object.fromEntries(tallies));
    const all = total(tallies);
    expect(all.there).toBeGreaterThanOrEqual(40);
    expect(all.found / all.there).toBeGreaterThanOrEqual(0.9);
    expect(all.wrong).toBeLessThanOrEqual(3);
    const signs = [...tallies.values()].filter(({ there }) => there > 0);
    for (const { there, found } of signs) expect(found / there).toBeGreaterThanOrEqual(0.75);
  }, 120_000);

  it("says the same of a picture in another format, and in its own coordinates when it is larger", () => {
    const [name = "", signs = []] = Object.entries(truth).find(([, signs]) => signs.length >= 2) ?? [];
    const { width, height, data } = jpeg.decode(picture(name));
    const image = new PNG({ width, height });
    image.data.set(data);
    const found = detect(PNG.sync.write(image)).objects;
    expect(found.filter((object) => signs.some((sign) => isSame(object, sign))).length).toBeGreaterThan(0);

    const twice = new PNG({ width: width * 2, height: height * 2 });
    for (let i = 0; i < width * height * 4; i++) {
      const from = (Math.floor(i / width / 2) >> 1) * width + ((i % (width * 2)) >> 1);
      twice.data.set(data.subarray(from * 4, from * 4 + 4), i * 4);
    }
    const larger = detect(PNG.sync.write(twice));
    expect([larger.width, larger.height]).toEqual([width * 2, height * 2]);
    const doubled = signs.map(({ tag, rectangle: { x, y, width, height } }) => ({
      tag,
      rectangle: { x: x * 2, y: y * 2, width: width * 2, height: height * 2 },
    }));
    expect(larger.objects.some((object) => doubled.some((sign) => isSame(object, sign)))).toBe(true);
  });

  it("finds nothing where nothing is", () => {
    for (const [width, height] of [
      [1, 1],
      [31, 200],
      [200, 150],
    ] as const) {
      const image = new PNG({ width, height });
      image.data.fill(200);
      expect(detect(PNG.sync.write(image))).toEqual({ width, height, objects: [] });
    }
  });

  it("refuses what is no picture", () => {
    const answer = guest.call([
      [":operation", "object"],
      [":body", "text"],
    ]);
    expect(answer).toMatchObject({ status: 415, error: "ERR_IMAGE" });
    const cut = guest.call([
      [":operation", "object"],
      [":body", picture("01.jpg").subarray(0, 100)],
    ]);
    expect(cut).toMatchObject({ status: 400, error: "ERR_IMAGE" });
  });
});
