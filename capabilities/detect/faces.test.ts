import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import jpeg from "jpeg-js";
import { describe, expect, it } from "vitest";
import { detect, type Tally, type Thing, tally, total } from "../../tests/capability/detect/detecting.ts";
import { png, type Shown, scaled, sideBySide, variations } from "../../tests/capability/detect/variations.ts";

const folder = resolve(import.meta.dirname, "pictures/photographs");
const picture = (name: string) => readFileSync(resolve(folder, name));
const truth = JSON.parse(readFileSync(resolve(folder, "objects.json"), "utf8")) as Record<string, Thing[]>;
const names = Object.keys(truth);
const withFaces = names.filter((name) => truth[name]?.length);

/** Half as large as they are kept, so that the tests are done sooner. */
const shown = (name: string): Shown =>
  scaled(
    { raster: jpeg.decode(picture(name)), faces: (truth[name] ?? []).map(({ rectangle }) => rectangle) },
    0.5,
  );

const things = ({ faces }: Shown): Thing[] => faces.map((rectangle) => ({ tag: "face", rectangle }));
const facesOf = (body: Uint8Array) => detect(body).objects.filter(({ tag }) => tag === "face");

describe("detect, of photographs,", () => {
  it("finds each face that was kept, where it is, and little else", () => {
    const tallies = new Map<string, Tally>();
    for (const name of names) tally(tallies, truth[name] ?? [], detect(picture(name)).objects);
    console.log(Object.fromEntries(tallies));
    expect(tallies.get("face")).toEqual({ there: withFaces.length, found: withFaces.length, wrong: 0 });
    expect(total(tallies).wrong).toBeLessThanOrEqual(1);
  }, 120_000);

  it("finds nine of ten faces in what becomes of them", () => {
    const originals = withFaces.map(shown);
    const all = new Map<string, Tally>();
    for (const [variation, change] of Object.entries(variations)) {
      const tallies = new Map<string, Tally>();
      for (const original of originals) {
        const changed = change(original);
        const found = facesOf(png(changed.raster));
        tally(tallies, things(changed), found);
        tally(all, things(changed), found);
      }
      console.log(variation, tallies.get("face"));
      const { there, found } = total(tallies);
      expect(found / there, variation).toBeGreaterThanOrEqual(0.6);
    }
    const { there, found, wrong } = total(all);
    console.log({ there, found, wrong });
    expect(there).toBeGreaterThanOrEqual(60);
    expect(found / there).toBeGreaterThanOrEqual(0.9);
    expect(wrong / there).toBeLessThanOrEqual(0.05);
  }, 240_000);

  it("finds several in one picture, of different sizes", () => {
    const group = sideBySide(withFaces.map((name, i) => scaled(shown(name), 1 - i / 12)));
    const tallies = new Map<string, Tally>();
    tally(tallies, things(group), facesOf(png(group.raster)));
    expect(tallies.get("face")).toEqual({ there: withFaces.length, found: withFaces.length, wrong: 0 });
  }, 60_000);

  it("finds none where there is none, whatever becomes of the photograph", () => {
    let pictures = 0;
    let wrong = 0;
    for (const name of names.filter((name) => !withFaces.includes(name))) {
      for (const variation of ["mirrored", "darker", "noisy"]) {
        pictures++;
        const one = variations[variation]?.(shown(name)) ?? shown(name);
        wrong += facesOf(png(one.raster)).length;
      }
    }
    console.log({ pictures, wrong });
    expect(wrong).toBeLessThanOrEqual(1);
  }, 120_000);
});
