import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import { Guest } from "../../tests/capability/guest.ts";

/** Rows from the top, four bytes a pixel. */
interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

const guest = await Guest.of("image-resize");
const folder = resolve(import.meta.dirname, "pictures");
const picture = (name: string) => readFileSync(resolve(folder, name));
const pictures = (pattern: RegExp) => readdirSync(folder).filter((name) => pattern.test(name));

function resize(body: Uint8Array, parameters: Readonly<Record<string, string | number>> = {}) {
  const fields = Object.entries(parameters).map(([name, value]) => [name, String(value)] as const);
  return guest.call([[":operation", "resize"], [":body", body], ...fields]);
}

/** What it comes to, read by another implementation. */
function pixels(body: Uint8Array, parameters: Readonly<Record<string, string | number>> = {}) {
  const answer = resize(body, { ...parameters, format: "png" });
  expect(answer.text.slice(0, 200)).toContain("PNG");
  const { width, height, data }: Picture = PNG.sync.read(Buffer.from(answer.body));
  return { width, height, data };
}

/** The most that a byte differs by, of pixels that are seen. */
function difference(ours: Uint8Array, theirs: Uint8Array): number {
  return ours.reduce((most, value, i) => {
    const seen = ours[i | 3] !== 0 || theirs[i | 3] !== 0;
    return seen ? Math.max(most, Math.abs(value - (theirs[i] as number))) : most;
  }, 0);
}

function png(width: number, height: number, paint: (x: number, y: number) => readonly number[]): Buffer {
  const image = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) image.data.set(paint(i % width, Math.floor(i / width)), i * 4);
  return PNG.sync.write(image);
}

describe("image-resize reads", () => {
  it.each(pictures(/\.png$/))("%s as another implementation does", (name) => {
    const theirs = PNG.sync.read(picture(name));
    const ours = pixels(picture(name));
    expect([ours.width, ours.height]).toEqual([theirs.width, theirs.height]);
    // It rounds samples of 16 bits, where the high byte is taken here.
    const most = name.includes("16") ? 1 : 0;
    expect(difference(ours.data, theirs.data)).toBeLessThanOrEqual(most);
  });

  it.each(["rgb.bmp", "rgb.ppm"])("%s as the PNG of it", (name) => {
    expect(pixels(picture(name)).data.equals(pixels(picture("rgb.png")).data)).toBe(true);
  });

  it("grey.pgm and rgba.qoi as the PNGs of them", () => {
    expect(pixels(picture("grey.pgm")).data.equals(pixels(picture("grey.png")).data)).toBe(true);
    expect(pixels(picture("rgba.qoi")).data.equals(pixels(picture("rgba.png")).data)).toBe(true);
  });

  it.each(pictures(/\.jpg$/))("%s nearly as another implementation does", (name) => {
    const theirs = jpeg.decode(picture(name));
    const ours = pixels(picture(name));
    expect([ours.width, ours.height]).toEqual([theirs.width, theirs.height]);
    expect(difference(ours.data, theirs.data)).toBeLessThanOrEqual(3);
  });

  it("describes them", () => {
    for (const [name, format] of [
      ["420.jpg", "jpeg"],
      ["rgb.bmp", "bmp"],
      ["rgba.qoi", "qoi"],
    ] as const) {
      const { text } = guest.call([
        [":operation", "describe"],
        [":body", picture(name)],
      ]);
      expect(JSON.parse(text)).toEqual({
        format,
        ...(format === "jpeg" ? { width: 45, height: 37 } : { width: 31, height: 23 }),
      });
    }
  });

  it("nothing that is no picture, and says so", () => {
    expect(resize(new TextEncoder().encode("text")).status).toBe(415);
    expect(resize(new Uint8Array()).status).toBe(415);
  });

  it("ends for no picture that is broken", () => {
    for (const name of pictures(/\.(png|jpg|bmp|qoi|ppm|pgm)$/)) {
      const bytes = picture(name);
      for (let i = 0; i < 25; i++) {
        const cut = bytes.subarray(0, Math.floor((bytes.length * i) / 25));
        expect(resize(cut).status).toBeOneOf([200, 400, 415]);
        const bad = Buffer.from(bytes);
        bad[(i * 7919) % Math.min(bytes.length, 400)] = (i * 83) & 255;
        expect(resize(bad).status).toBeOneOf([200, 400, 415]);
      }
    }
  });

  it("no picture of more than 4 million pixels, however few bytes it has", () => {
    const header = (width: number, height: number) => new TextEncoder().encode(`P5 ${width} ${height} 255\n`);
    expect(resize(header(30_000, 30_000))).toMatchObject({ status: 400 });
    expect(resize(picture("rgb.png"), { width: 3_000, height: 2_000, fit: "fill" })).toMatchObject({
      status: 400,
    });
  });
});

describe("image-resize writes", () => {
  it.each(["bmp", "qoi", "ppm", "png"])("%s, which it reads as it was", (format) => {
    const original = pixels(picture("rgb.png"));
    const { body, headers } = resize(picture("rgb.png"), { format });
    expect(headers.get("content-type")).toMatch(/^image\//);
    expect(pixels(body).data.equals(original.data)).toBe(true);
  });

  it("PNG and QOI with alpha, and the others on white", () => {
    const original = pixels(picture("rgba.png"));
    for (const format of ["png", "qoi"]) {
      expect(pixels(resize(picture("rgba.png"), { format }).body).data.equals(original.data)).toBe(true);
    }
    const clear = png(1, 2, (_, y) => [255, 0, 0, y === 0 ? 0 : 128]);
    for (const format of ["ppm", "bmp"]) {
      expect([...pixels(resize(clear, { format }).body).data]).toEqual([
        255, 255, 255, 255, 255, 127, 127, 255,
      ]);
    }
  });

  it("the format of the body unless it is told another, and none that it does not know", () => {
    expect(resize(picture("rgb.bmp")).headers.get("content-type")).toBe("image/bmp");
    expect(resize(picture("444.jpg")).headers.get("content-type")).toBe("image/png");
    expect(resize(picture("rgb.bmp"), { format: "gif" })).toMatchObject({ status: 400 });
  });
});

describe("image-resize resizes", () => {
  it.each([
    [{ width: 10 }, 10, 7],
    [{ height: 46 }, 62, 46],
    [{ width: 20, height: 20 }, 20, 15],
    [{ width: 20, height: 20, fit: "cover" }, 20, 20],
    [{ width: 7, height: 40, fit: "fill" }, 7, 40],
    [{}, 31, 23],
    [{ width: 1 }, 1, 1],
  ])("by %j to %i × %i", (parameters, width, height) => {
    expect(pixels(picture("rgb.png"), parameters)).toMatchObject({ width, height });
  });

  it("averages what it makes smaller", () => {
    const checks = png(64, 64, (x, y) => ((x + y) % 2 === 0 ? [255, 255, 255, 255] : [0, 0, 0, 255]));
    for (const value of pixels(checks, { width: 8 }).data.filter((_, i) => i % 4 !== 3)) {
      expect(Math.abs(value - 127.5)).toBeLessThan(3);
    }
  });

  it("keeps a slope a slope when it makes it larger", () => {
    const slope = png(16, 2, (x) => [x * 16, 0, 0, 255]);
    const { data, width } = pixels(slope, { width: 64 });
    for (let x = 4; x < width - 4; x++) {
      const expected = ((x + 0.5) / 4 - 0.5) * 16;
      expect(Math.abs((data[x * 4] as number) - expected)).toBeLessThanOrEqual(1);
    }
  });

  it("gives no colour of what is not seen", () => {
    const half = png(8, 8, (x) => (x < 4 ? [255, 0, 0, 255] : [0, 255, 0, 0]));
    const { data } = pixels(half, { width: 4 });
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] !== 0) expect([...data.subarray(i, i + 3)]).toEqual([255, 0, 0]);
    }
  });

  it("cuts the sides off for cover", () => {
    const stripes = png(30, 10, (x) => (x < 10 || x >= 20 ? [255, 0, 0, 255] : [0, 0, 255, 255]));
    const { data } = pixels(stripes, { width: 10, height: 10, fit: "cover" });
    for (let i = 0; i < data.length; i += 4) expect([...data.subarray(i, i + 3)]).toEqual([0, 0, 255]);
  });

  it("4 million pixels, in the memory that it has", () => {
    const large = new Uint8Array(2_048 * 2_048 * 3 + 17);
    large.set(new TextEncoder().encode("P6\n2048 2048 255\n"));
    expect(pixels(large, { width: 100 })).toMatchObject({ width: 100, height: 100 });
    expect(resize(large, { width: 2_047, format: "ppm" }).body.length).toBeGreaterThan(2_047 * 2_047 * 3);
  }, 120_000);
});
