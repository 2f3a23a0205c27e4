import { Image } from "../../guest/image";
import { cellsOf } from "./channels";

/** What training computes features with, so that they are the detector's own: not part of the package. */

let image: Image = new Image(1, 1);

/** Where the pixels of a picture of this size go. */
export function pixels(width: i32, height: i32): usize {
  image = new Image(width, height);
  return image.pixels.dataStart;
}

/** Where its cells are. */
export function cells(): usize {
  const found = cellsOf(image);
  kept = found.values;
  return kept.dataStart;
}

let kept: Float32Array = new Float32Array(0);
