import { Image } from "./image";

/** For each place of the target: which of the source it is made of, and how much of each; weights add up to 1. */
class Weights {
  readonly first: StaticArray<i32>;
  readonly count: StaticArray<i32>;
  readonly weights: StaticArray<f32>;
  readonly widest: i32;

  /** A triangle as wide as what a place of the target covers: an average where it shrinks, linear where it grows. */
  constructor(source: i32, target: i32, from: f64, extent: f64) {
    const scale = extent / <f64>target;
    const support = Math.max(scale, 1);
    const widest = <i32>Math.ceil(support * 2) + 2;
    const first = new StaticArray<i32>(target);
    const count = new StaticArray<i32>(target);
    const weights = new StaticArray<f32>(target * widest);
    for (let i = 0; i < target; i++) {
      const centre = from + (<f64>i + 0.5) * scale;
      const begin = max(<i32>Math.ceil(centre - support - 0.5), 0);
      const end = min(<i32>Math.floor(centre + support - 0.5), source - 1);
      let sum: f64 = 0;
      for (let j = begin; j <= end; j++) {
        const weight = Math.max(0, 1 - Math.abs(<f64>j + 0.5 - centre) / support);
        weights[i * widest + j - begin] = <f32>weight;
        sum += weight;
      }
      for (let j = begin; j <= end; j++) weights[i * widest + j - begin] = <f32>(<f64>weights[i * widest + j - begin] / sum);
      first[i] = begin;
      count[i] = end - begin + 1;
    }
    this.first = first;
    this.count = count;
    this.weights = weights;
    this.widest = widest;
  }
}

/** Part of a picture in a new size. Alpha counts: what is not seen gives no colour. */
export function resample(
  source: Image,
  x: f64,
  y: f64,
  width: f64,
  height: f64,
  targetWidth: i32,
  targetHeight: i32,
): Image {
  const across = new Weights(source.width, targetWidth, x, width);
  const down = new Weights(source.height, targetHeight, y, height);
  const target = new Image(targetWidth, targetHeight);
  // Rows of the source in the target's width; as many as one row of the target is made of.
  const rows: (Float32Array | null)[] = [];
  for (let i = 0; i < source.height; i++) rows.push(null);
  let kept = 0;
  for (let i = 0; i < targetHeight; i++) {
    const begin = down.first[i];
    for (; kept < begin; kept++) rows[kept] = null;
    const sums = new Float32Array(targetWidth * 4);
    for (let j = 0; j < down.count[i]; j++) {
      let row = rows[begin + j];
      if (row === null) {
        row = widened(source, begin + j, across, targetWidth);
        rows[begin + j] = row;
      }
      const weight = down.weights[i * down.widest + j];
      const splat = f32x4.splat(weight);
      for (let at = 0; at < targetWidth; at++) {
        const place = sums.dataStart + at * 16;
        v128.store(place, f32x4.add(v128.load(place), f32x4.mul(splat, v128.load(row.dataStart + at * 16))));
      }
    }
    for (let at = 0; at < targetWidth; at++) put(target, at, i, sums.dataStart + at * 16);
  }
  return target;
}

/** A row of the source in the target's width, colours multiplied by their alpha. */
function widened(source: Image, y: i32, across: Weights, width: i32): Float32Array {
  const row = new Float32Array(width * 4);
  for (let i = 0; i < width; i++) {
    let sum = f32x4.splat(0);
    for (let j = 0; j < across.count[i]; j++) {
      const pixel = load<u32>(source.pixels.dataStart + (y * source.width + across.first[i] + j) * 4);
      const alpha = <f32>(pixel >> 24);
      const weight = across.weights[i * across.widest + j] * alpha;
      let colour = f32x4.splat(255);
      colour = f32x4.replace_lane(colour, 0, <f32>(pixel & 0xff));
      colour = f32x4.replace_lane(colour, 1, <f32>((pixel >> 8) & 0xff));
      colour = f32x4.replace_lane(colour, 2, <f32>((pixel >> 16) & 0xff));
      sum = f32x4.add(sum, f32x4.mul(colour, f32x4.splat(weight)));
    }
    v128.store(row.dataStart + i * 16, sum);
  }
  return row;
}

function put(target: Image, x: i32, y: i32, sums: usize): void {
  // Sums are of 255 × 255.
  const alpha = load<f32>(sums, 12) / 255;
  if (alpha < 0.5) {
    target.set(x, y, 0, 0, 0, 0);
    return;
  }
  target.set(x, y, byte(load<f32>(sums) / alpha), byte(load<f32>(sums, 4) / alpha), byte(load<f32>(sums, 8) / alpha), byte(alpha));
}

function byte(value: f32): i32 {
  return <i32>min<f32>(value + 0.5, 255);
}
