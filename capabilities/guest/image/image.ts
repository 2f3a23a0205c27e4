/** Pixels of one picture may be so many; decoded, they take four bytes each. */
export const MOST_PIXELS = 4 << 20;

/** Rows from the top, four bytes a pixel: red, green, blue, alpha. */
export class Image {
  readonly pixels: Uint8Array;

  constructor(
    readonly width: i32,
    readonly height: i32,
  ) {
    this.pixels = new Uint8Array(width * height * 4);
  }

  @inline
  set(x: i32, y: i32, red: i32, green: i32, blue: i32, alpha: i32): void {
    const pixel = <u32>red | ((<u32>green) << 8) | ((<u32>blue) << 16) | ((<u32>alpha) << 24);
    store<u32>(this.pixels.dataStart + (y * this.width + x) * 4, pixel);
  }

  /** Whether no pixel lets anything through. */
  get opaque(): bool {
    for (let i = 3; i < this.pixels.length; i += 4) if (this.pixels[i] != 255) return false;
    return true;
  }
}

/** A size that can be decoded and answered. */
export function isSize(width: i32, height: i32): bool {
  return width > 0 && height > 0 && width <= 32_767 && height <= 32_767 && width * height <= MOST_PIXELS;
}
