import { PNG } from "pngjs";
import type { Rectangle } from "./detecting.ts";

/** Four bytes a pixel, rows from the top. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A picture and where its faces are. */
export interface Shown {
  readonly raster: Raster;
  readonly faces: readonly Rectangle[];
}

export function png({ width, height, data }: Raster): Uint8Array {
  const image = new PNG({ width, height });
  image.data.set(data);
  return PNG.sync.write(image);
}

/** A picture of that size whose pixels are those of the source at the places that `from` says; grey outside of it. */
function moved(
  source: Raster,
  width: number,
  height: number,
  from: (x: number, y: number) => readonly [x: number, y: number],
): Raster {
  const data = new Uint8Array(width * height * 4).fill(128);
  for (let at = 0; at < width * height; at++) {
    const [x, y] = from((at % width) + 0.5, Math.floor(at / width) + 0.5);
    const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
    for (let channel = 0; channel < 4; channel++) {
      let sum = 0;
      for (const [i, j] of [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ] as const) {
        const [column, row] = [left + i, top + j];
        const inside = column >= 0 && row >= 0 && column < source.width && row < source.height;
        const value = inside ? (source.data[(row * source.width + column) * 4 + channel] ?? 0) : 128;
        sum += value * (1 - Math.abs(x - 0.5 - column)) * (1 - Math.abs(y - 0.5 - row));
      }
      data[at * 4 + channel] = sum;
    }
  }
  return { width, height, data };
}

function changed(raster: Raster, change: (value: number, x: number, y: number) => number): Raster {
  const data = Uint8Array.from(raster.data, (value, i) => {
    const pixel = i >> 2;
    if (i % 4 === 3) return 255;
    return Math.max(0, Math.min(255, change(value, pixel % raster.width, Math.floor(pixel / raster.width))));
  });
  return { ...raster, data };
}

const everywhere =
  (change: (value: number) => number) =>
  ({ raster, faces }: Shown): Shown => ({ raster: changed(raster, change), faces });

export function scaled({ raster, faces }: Shown, scale: number): Shown {
  const [width, height] = [Math.round(raster.width * scale), Math.round(raster.height * scale)];
  return {
    raster: moved(raster, width, height, (x, y) => [x / scale, y / scale]),
    faces: faces.map((face) => ({
      x: face.x * scale,
      y: face.y * scale,
      width: face.width * scale,
      height: face.height * scale,
    })),
  };
}

function mirrored({ raster, faces }: Shown): Shown {
  return {
    raster: moved(raster, raster.width, raster.height, (x, y) => [raster.width - x, y]),
    faces: faces.map((face) => ({ ...face, x: raster.width - face.x - face.width })),
  };
}

/** Around its middle; the squares of its faces stay upright. */
function turned(degrees: number) {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return ({ raster, faces }: Shown): Shown => {
    const [middle, centre] = [raster.width / 2, raster.height / 2];
    const turn = (x: number, y: number, way: number): readonly [number, number] => [
      middle + cos * (x - middle) - way * sin * (y - centre),
      centre + way * sin * (x - middle) + cos * (y - centre),
    ];
    return {
      raster: moved(raster, raster.width, raster.height, (x, y) => turn(x, y, -1)),
      faces: faces.map((face) => {
        const [x, y] = turn(face.x + face.width / 2, face.y + face.height / 2, 1);
        return { ...face, x: x - face.width / 2, y: y - face.height / 2 };
      }),
    };
  };
}

function noisy({ raster, faces }: Shown): Shown {
  let state = raster.width;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return { raster: changed(raster, (value) => value + 60 * (next() - 0.5)), faces };
}

/** A grey bar over the lower fifth of each face, as of a scarf. */
function covered({ raster, faces }: Shown): Shown {
  const hides = (x: number, y: number) =>
    faces.some(
      (face) =>
        x >= face.x && x < face.x + face.width && y >= face.y + 0.8 * face.height && y < face.y + face.height,
    );
  return { raster: changed(raster, (value, x, y) => (hides(x, y) ? 90 : value)), faces };
}

/** Several pictures side by side, as high as the highest. */
export function sideBySide(pictures: readonly Shown[]): Shown {
  const width = pictures.reduce((sum, { raster }) => sum + raster.width, 0);
  const height = Math.max(...pictures.map(({ raster }) => raster.height));
  const data = new Uint8Array(width * height * 4).fill(255);
  const faces: Rectangle[] = [];
  let left = 0;
  for (const picture of pictures) {
    const { raster } = picture;
    for (let y = 0; y < raster.height; y++) {
      const row = raster.data.subarray(y * raster.width * 4, (y + 1) * raster.width * 4);
      data.set(row, (y * width + left) * 4);
    }
    faces.push(...picture.faces.map((face) => ({ ...face, x: face.x + left })));
    left += raster.width;
  }
  return { raster: { width, height, data }, faces };
}

/** What becomes of a photograph until a detector sees it. */
export const variations: Readonly<Record<string, (shown: Shown) => Shown>> = {
  "as they are": (shown) => shown,
  mirrored,
  "two thirds as large": (shown) => scaled(shown, 2 / 3),
  "a third larger": (shown) => scaled(shown, 4 / 3),
  darker: everywhere((value) => value * 0.35),
  brighter: everywhere((value) => value * 1.5),
  "with little contrast": everywhere((value) => 110 + (value - 110) * 0.3),
  noisy,
  "turned by 10°": turned(10),
  "turned by -10°": turned(-10),
  "partly covered": covered,
};
