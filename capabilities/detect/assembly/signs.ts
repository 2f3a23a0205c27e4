import { Image, resample } from "../../guest/image";
import { CELL, CHANNELS, Cells, cellsOf } from "./channels";
import { Found, sorted } from "./found";
import { weights } from "./weights";

/** The classes, in the order of the weights. */
const tags: StaticArray<string> = ["stop", "yield", "no-entry", "speed-limit"];

/** Cells of a window's side, and how many of its pixels are around the sign. */
const WINDOW = 8;
const MARGIN: f64 = 3;

/** Numbers of one stump in the weights. */
const STUMP = 5;
const STUMPS = weights.length / STUMP / tags.length;

/** Below it a window is none. */
const LEAST: f32 = 6;

/** Pixels that are looked through at first: of a larger picture a smaller size, so that it takes no longer. */
const MOST: f64 = 1_000_000;

/** From one size of the picture to the next. */
const STEP: f64 = 0.8408964152537145;

/** Boxes that have this much in common are of one sign. */
const SAME: f64 = 0.3;

/** The signs of a picture, the surest first: it is looked through in ever smaller sizes. */
export function signs(image: Image): Found[] {
  const candidates: Found[] = [];
  let scale = Math.min(1, Math.sqrt(MOST / (<f64>image.width * <f64>image.height)));
  while (true) {
    const width = <i32>Math.round(<f64>image.width * scale);
    const height = <i32>Math.round(<f64>image.height * scale);
    if (min(width, height) < WINDOW * CELL) return distinct(candidates);
    const smaller = scale == 1 ? image : resample(image, 0, 0, image.width, image.height, width, height);
    lookThrough(cellsOf(smaller), <f64>image.width / <f64>width, candidates);
    scale *= STEP;
  }
}

function lookThrough(cells: Cells, unit: f64, candidates: Found[]): void {
  // Where each stump's feature is, from the window's first cell on.
  const offsets = new StaticArray<i32>(STUMPS * tags.length);
  for (let i = 0; i < offsets.length; i++) {
    const feature = <i32>weights[i * STUMP];
    const row = feature / (WINDOW * CHANNELS);
    offsets[i] = row * cells.width * CHANNELS + (feature % (WINDOW * CHANNELS));
  }
  for (let y = 0; y <= cells.height - WINDOW; y++) {
    for (let x = 0; x <= cells.width - WINDOW; x++) {
      const at = (y * cells.width + x) * CHANNELS;
      for (let tag = 0; tag < tags.length; tag++) {
        const score = scoreOf(cells.values, at, offsets, tag);
        if (score < LEAST) continue;
        const size = (<f64>(WINDOW * CELL) - 2 * MARGIN) * unit;
        const left = (<f64>(x * CELL) + MARGIN) * unit;
        const top = (<f64>(y * CELL) + MARGIN) * unit;
        candidates.push(new Found(tags[tag], score, left, top, size, size));
      }
    }
  }
}

/** What the stumps of a class add up to, or what is less than any score once one of them gives the window up. */
function scoreOf(values: Float32Array, at: i32, offsets: StaticArray<i32>, tag: i32): f32 {
  let sum: f32 = 0;
  for (let i = tag * STUMPS; i < (tag + 1) * STUMPS; i++) {
    const stump = i * STUMP;
    // The window lies within the cells, and each stump has five numbers.
    const above = unchecked(values[at + offsets[i]] > weights[stump + 1]);
    sum += unchecked(above ? weights[stump + 2] : weights[stump + 3]);
    if (sum < unchecked(weights[stump + 4])) return -f32.MAX_VALUE;
  }
  return sum;
}

/** One for each sign: the surest, in the place on which those around it agree. */
function distinct(candidates: Found[]): Found[] {
  sorted(candidates);
  const found: Found[] = [];
  const groups: Found[][] = [];
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i];
    let group = -1;
    for (let j = 0; j < found.length && group < 0; j++) if (found[j].overlap(candidate) > SAME) group = j;
    if (group < 0) {
      found.push(candidate);
      groups.push([candidate]);
    } else if (found[group].tag == candidate.tag) groups[group].push(candidate);
  }
  for (let i = 0; i < found.length; i++) settle(found[i], groups[i]);
  return found;
}

function settle(found: Found, group: Found[]): void {
  let sum: f64 = 0;
  let x: f64 = 0;
  let y: f64 = 0;
  let size: f64 = 0;
  for (let i = 0; i < group.length; i++) {
    const weight = <f64>group[i].score;
    sum += weight;
    x += weight * (group[i].x + group[i].width / 2);
    y += weight * (group[i].y + group[i].height / 2);
    size += weight * group[i].width;
  }
  found.width = found.height = size / sum;
  found.x = x / sum - found.width / 2;
  found.y = y / sum - found.height / 2;
}
