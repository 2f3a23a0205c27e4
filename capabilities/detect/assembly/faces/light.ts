import { Image } from "../../../guest/image";

/** How light each pixel is: rows from the top, a byte each. */
export class Light {
  readonly bytes: Uint8Array;

  constructor(
    readonly width: i32,
    readonly height: i32,
  ) {
    this.bytes = new Uint8Array(width * height);
  }

  /** Half as large: the average of four. */
  half(): Light {
    const half = new Light(this.width / 2, this.height / 2);
    for (let y = 0; y < half.height; y++) {
      let from = this.bytes.dataStart + 2 * y * this.width;
      for (let x = 0; x < half.width; x++, from += 2) {
        const sum = <u32>load<u8>(from) + load<u8>(from, 1) + load<u8>(from + this.width) + load<u8>(from + this.width, 1);
        half.bytes[y * half.width + x] = <u8>((sum + 2) >> 2);
      }
    }
    return half;
  }

  /** In a size that is smaller, but not by half: between the four that are nearest. */
  scaled(width: i32, height: i32): Light {
    const scaled = new Light(width, height);
    for (let y = 0; y < height; y++) {
      const row = place(y, height, this.height);
      for (let x = 0; x < width; x++) {
        const column = place(x, width, this.width);
        const at = this.bytes.dataStart + (row >> 8) * this.width + (column >> 8);
        const right = column & 255;
        const top = load<u8>(at) * (256 - right) + load<u8>(at, 1) * right;
        const below = at + this.width;
        const bottom = load<u8>(below) * (256 - right) + load<u8>(below, 1) * right;
        const down = row & 255;
        scaled.bytes[y * width + x] = <u8>((top * (256 - down) + bottom * down) >> 16);
      }
    }
    return scaled;
  }
}

/** Where a place of the target is in the source, in parts of 256; never the last one, which is the neighbour of another. */
function place(at: i32, target: i32, source: i32): i32 {
  const exact = ((<f64>at + 0.5) * <f64>source) / <f64>target - 0.5;
  return max(0, min(<i32>(exact * 256), ((source - 1) << 8) - 1));
}

export function lightOf(image: Image): Light {
  const light = new Light(image.width, image.height);
  for (let i = 0; i < light.bytes.length; i++) {
    const pixel = load<u32>(image.pixels.dataStart + i * 4);
    // As the eye weighs them; they add up to 256.
    light.bytes[i] = <u8>((77 * (pixel & 0xff) + 150 * ((pixel >> 8) & 0xff) + 29 * ((pixel >> 16) & 0xff)) >> 8);
  }
  return light;
}
