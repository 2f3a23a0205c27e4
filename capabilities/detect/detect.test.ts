import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import { Guest } from "../../tests/capability/guest.ts";

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Thing {
  readonly tag: string;
  readonly rectangle: Rectangle;
}

interface Detected {
  readonly width: number;
  readonly height: number;
  readonly objects: readonly (Thing & { readonly score: number })[];
}

const guest = await Guest.of("detect");
const folder = resolve(import.meta.dirname, "pictures");
const picture = (name: string) => readFileSync(resolve(folder, name));
const truth = JSON.parse(readFileSync(resolve(folder, "objects.json"), "utf8")) as Record<string, Thing[]>;

const detect = (body: Uint8Array): Detected =>
  JSON.parse(
    guest.call([
      [":operation", "object"],
      [":body", body],
    ]).text,
  );

/** What two rectangles share of what they cover together. */
function overlap(a: Rectangle, b: Rectangle): number {
  const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const both = Math.max(across, 0) * Math.max(down, 0);
  return both / (a.width * a.height + b.width * b.height - both);
}

const isSame = (a: Thing, b: Thing) => a.tag === b.tag && overlap(a.rectangle, b.rectangle) >= 0.5;

describe("detect", () => {
  it("finds nine of ten signs on the committed pictures where they are, and little else", () => {
    const counts = new Map<string, { signs: number; found: number }>();
    let wrong = 0;
    for (const [name, signs] of Object.entries(truth)) {
      const { objects } = detect(picture(name));
      for (const sign of signs) {
        const count = counts.get(sign.tag) ?? { signs: 0, found: 0 };
        count.signs++;
        if (objects.some((object) => isSame(object, sign))) count.found++;
        counts.set(sign.tag, count);
      }
      wrong += objects.filter((object) => !signs.some((sign) => isSame(object, sign))).length;
    }
    const all = [...counts.values()];
    const [signs, found] = [
      all.reduce((n, one) => n + one.signs, 0),
      all.reduce((n, one) => n + one.found, 0),
    ];
    console.log(`${found} of ${signs} signs, ${wrong} wrong`, Object.fromEntries(counts));
    expect(signs).toBeGreaterThanOrEqual(40);
    expect(found / signs).toBeGreaterThanOrEqual(0.9);
    for (const count of all) expect(count.found / count.signs).toBeGreaterThanOrEqual(0.75);
    expect(wrong).toBeLessThanOrEqual(3);
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
