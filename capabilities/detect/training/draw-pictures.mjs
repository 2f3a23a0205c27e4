// Draws the pictures that the tests look through, and writes where their signs are. No place or sign of them was trained on:
// `node capabilities/detect/training/draw-pictures.mjs`
import { writeFileSync } from "node:fs";
import jpeg from "jpeg-js";
import { Random } from "./random.mjs";
import { background, scene } from "./scenes.mjs";

const folder = new URL("../pictures/", import.meta.url).pathname;
const COUNT = 24;
const random = new Random(424_242);
const objects = {};

for (let i = 0; i < COUNT; i++) {
  const place = background(320, 240, random);
  // The last four have none: what is found in them is wrong.
  const { picture, objects: signs } = scene(place, random, {
    most: i < COUNT - 4 ? 6 : 0,
    distractors: 5,
    smallest: 30,
  });
  const name = `${String(i + 1).padStart(2, "0")}.jpg`;
  const { data } = jpeg.encode({ width: 320, height: 240, data: Buffer.from(picture.bytes()) }, 80);
  writeFileSync(`${folder}${name}`, data);
  objects[name] = signs.map(({ tag, x, y, width, height }) => ({
    tag,
    rectangle: Object.fromEntries(
      Object.entries({ x, y, width, height }).map(([key, value]) => [key, Math.round(value * 10) / 10]),
    ),
  }));
}
writeFileSync(`${folder}objects.json`, `${JSON.stringify(objects, null, 2)}\n`);
