// Trains the detector on signs that are drawn, and writes assembly/weights.ts. `node capabilities/detect/training/train.mjs`
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import asc from "assemblyscript/asc";
import { boost, limited, score } from "./boost.mjs";
import { Random } from "./random.mjs";
import { background, photographed, placed, scene } from "./scenes.mjs";
import { signOf, signs } from "./signs.mjs";

const here = new URL(".", import.meta.url).pathname;
const CELLS = 8;
const CHANNELS = 10;
const FEATURES = CELLS * CELLS * CHANNELS;
const WINDOW = 32;
/** Of a window, the sign's own extent; the rest is around it. */
const SIGN = 26;

/** The detector's own features, from its own sources. */
async function features() {
  const out = `${tmpdir()}/daprlet-detect-training.wasm`;
  const args = [
    `${here}../assembly/training.ts`,
    "-o",
    out,
    "--runtime",
    "incremental",
    "-O3",
    "--noAssert",
    "--use",
    "abort=",
  ];
  const { error, stderr } = await asc.main([...args, "--enable", "simd"], {
    readFile: (name, base) => {
      if (name.endsWith("asconfig.json")) return null;
      try {
        return readFileSync(name.startsWith("/") ? name : `${base}/${name}`, "utf8");
      } catch {
        return null;
      }
    },
  });
  if (error) throw new Error(stderr.toString());
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(out)));
  return (picture) => {
    const { width, height } = picture;
    const at = exports.pixels(width, height);
    new Uint8Array(exports.memory.buffer).set(picture.bytes(), at);
    const [columns, rows] = [width >> 2, height >> 2];
    // The memory may have grown when this is there.
    const cells = exports.cells();
    const values = new Float32Array(exports.memory.buffer, cells, columns * rows * CHANNELS).slice();
    return { values, columns, rows };
  };
}

const cellsOf = await features();

/** Places, of which windows and scenes are parts: each is drawn once. */
const places = new Random(7);
const pool = Array.from({ length: 80 }, () => background(256, 192, places));

function somewhere(width, height, random) {
  const place = random.of(pool);
  return place.crop(
    random.whole(0, place.width - width),
    random.whole(0, place.height - height),
    width,
    height,
  );
}

function windowOf({ values, columns }, x, y) {
  const window = new Float32Array(FEATURES);
  for (let row = 0; row < CELLS; row++) {
    const from = ((y + row) * columns + x) * CHANNELS;
    window.set(values.subarray(from, from + CELLS * CHANNELS), row * CELLS * CHANNELS);
  }
  return window;
}

/** A sign in the middle of a window, about. The picture is larger: edges beyond the window count around it. */
function positive(kind, random) {
  const size = WINDOW + 32;
  const picture = somewhere(size, size, random);
  const extent = SIGN * random.between(0.91, 1.1);
  const [x, y] = [0, 1].map(() => size / 2 + random.between(-2, 2));
  picture.put(signOf(kind, random), placed(x, y, extent, random));
  photographed(picture, random);
  return windowOf(cellsOf(picture), 4, 4);
}

/** Windows of scenes without this kind of sign that the stumps take for one; of no stumps, windows by chance. */
function negatives(kind, stumps, count, random) {
  const kinds = signs.filter((other) => other !== kind);
  const found = [];
  for (let tries = 0; found.length < count && tries < 300; tries++) {
    const [width, height] = [random.whole(20, 45) * 4, random.whole(16, 36) * 4];
    const cells = cellsOf(
      scene(somewhere(width, height, random), random, { kinds, most: 2, distractors: 3, smallest: 18 })
        .picture,
    );
    let here = 0;
    for (let y = 0; y <= cells.rows - CELLS && here < 25; y++) {
      for (let x = 0; x <= cells.columns - CELLS && here < 25; x++) {
        if (stumps.length === 0 && !random.chance(0.03)) continue;
        const at = (f) =>
          cells.values[
            ((y + Math.floor(f / (CELLS * CHANNELS))) * cells.columns + x) * CHANNELS +
              (f % (CELLS * CHANNELS))
          ];
        if (stumps.length > 0 && score(stumps, at) < -0.5) continue;
        found.push(windowOf(cells, x, y));
        here++;
      }
    }
  }
  return found;
}

function trained(kind, seed) {
  const random = new Random(seed);
  const good = Array.from({ length: 2_500 }, () => positive(kind, random));
  let bad = negatives(kind, [], 2_500, random);
  let stumps = [];
  for (const rounds of [24, 48, 64]) {
    const samples = [...good, ...bad];
    const labels = samples.map((_, i) => (i < good.length ? 1 : -1));
    stumps = limited(boost(samples, labels, rounds, FEATURES), good);
    const fresh = Array.from({ length: 300 }, () => positive(kind, random));
    const kept = fresh.filter((window) => score(stumps, (f) => window[f]) > 1).length / fresh.length;
    const more = rounds === 64 ? [] : negatives(kind, stumps, 1_500, random);
    console.log(
      `${kind}: ${rounds} stumps, ${bad.length} negatives, finds ${(kept * 100).toFixed(1)} %, ${more.length} more to learn from`,
    );
    bad = [...bad, ...more];
  }
  return stumps;
}

const only = process.argv[2];
const rounded = (value) => Number(value.toPrecision(5));
const parts = signs.map((kind, i) => {
  if (only !== undefined && only !== kind) return "";
  const stumps = trained(kind, 1_000 + i);
  return `/** ${kind} */\n${stumps.map(({ feature, threshold, above, below, limit }) => `${[feature, threshold, above, below, limit].map(rounded).join(", ")},`).join("\n")}`;
});
writeFileSync(
  `${here}../assembly/${only === undefined ? "weights" : `weights-${only}`}.ts`,
  `// Written by training/train.mjs.

/** Of each class its stumps: which feature, its threshold, what is added above and below it, and the sum that ends it. */
export const weights: StaticArray<f32> = [
${parts.join("\n")}
];
`,
);
