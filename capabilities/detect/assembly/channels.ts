import { Image } from "../../guest/image";

/** Pixels of a cell's side. */
export const CELL = 4;

/** Numbers of a cell: light, two of colour, how much edge there is, and how much of it in each of six directions. */
export const CHANNELS = 10;

const DIRECTIONS = 6;

/** Pixels around one whose edges say how much an edge is worth here. */
const SURROUNDINGS = 12;

/** A picture as cells, rows from the top. What a window of them looks like is what a detector is asked. */
export class Cells {
  readonly values: Float32Array;

  constructor(
    readonly width: i32,
    readonly height: i32,
  ) {
    this.values = new Float32Array(width * height * CHANNELS);
  }
}

export function cellsOf(image: Image): Cells {
  const width = image.width;
  const height = image.height;
  const cells = new Cells(width / CELL, height / CELL);
  const light = lightOf(image);
  const edges = new Float32Array(width * height);
  const directions = new Uint8Array(width * height);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      // Neither the first nor the last of a row or a column: each has all its neighbours.
      const across = unchecked(light[at + 1] - light[at - 1]);
      const down = unchecked(light[at + width] - light[at - width]);
      unchecked((edges[at] = Mathf.sqrt(across * across + down * down)));
      unchecked((directions[at] = <u8>direction(across, down)));
    }
  }
  const around = averages(edges, width, height);
  const values = cells.values;
  const share: f32 = 1 / <f32>(CELL * CELL);
  for (let y = 0; y < cells.height * CELL; y++) {
    for (let x = 0; x < cells.width * CELL; x++) {
      const at = y * width + x;
      const cell = ((y / CELL) * cells.width + x / CELL) * CHANNELS;
      // Whole cells only: at is a pixel's, and cell is one of theirs.
      const edge = (unchecked(edges[at]) / (unchecked(around[at]) + 0.02)) * share;
      const pixel = load<u32>(image.pixels.dataStart + at * 4);
      const red = <f32>(pixel & 0xff);
      const green = <f32>((pixel >> 8) & 0xff);
      const blue = <f32>((pixel >> 16) & 0xff);
      // Whatever the light is: a dark red is as red as a bright one.
      const sum = red + green + blue + 24;
      unchecked((values[cell] += light[at] * share));
      unchecked((values[cell + 1] += ((red - green) / sum) * share));
      unchecked((values[cell + 2] += ((blue - (red + green) / 2) / sum) * share));
      unchecked((values[cell + 3] += edge));
      unchecked((values[cell + 4 + directions[at]] += edge));
    }
  }
  return cells;
}

function lightOf(image: Image): Float32Array {
  const light = new Float32Array(image.width * image.height);
  for (let i = 0; i < light.length; i++) {
    const pixel = load<u32>(image.pixels.dataStart + i * 4);
    const sum = 2 * (pixel & 0xff) + 5 * ((pixel >> 8) & 0xff) + ((pixel >> 16) & 0xff);
    light[i] = <f32>sum / (8 * 255);
  }
  return light;
}

/** Which of six directions an edge has, whichever side of it is the lighter; by the slopes between them. */
function direction(across: f32, down: f32): i32 {
  const x = down < 0 ? -across : across;
  const y = Mathf.abs(down);
  // Tangents of 30 and 60 degrees.
  if (y < Mathf.abs(x) * 0.57735) return x >= 0 ? 0 : DIRECTIONS - 1;
  if (y < Mathf.abs(x) * 1.73205) return x >= 0 ? 1 : DIRECTIONS - 2;
  return x >= 0 ? 2 : DIRECTIONS - 3;
}

/** For each pixel the average of the square around it, by sums of everything above and to the left. */
function averages(values: Float32Array, width: i32, height: i32): Float32Array {
  const sums = new Float64Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y++) {
    let row: f64 = 0;
    for (let x = 0; x < width; x++) {
      row += values[y * width + x];
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
    }
  }
  const averages = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const top = max(y - SURROUNDINGS, 0);
    const bottom = min(y + SURROUNDINGS + 1, height);
    for (let x = 0; x < width; x++) {
      const left = max(x - SURROUNDINGS, 0);
      const right = min(x + SURROUNDINGS + 1, width);
      const stride = width + 1;
      const sum =
        sums[bottom * stride + right] - sums[top * stride + right] - sums[bottom * stride + left] + sums[top * stride + left];
      averages[y * width + x] = <f32>(sum / <f64>((bottom - top) * (right - left)));
    }
  }
  return averages;
}
