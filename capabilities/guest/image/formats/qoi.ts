import { ByteWriter, Reader } from "../bytes";
import { Image, isSize } from "../image";

const MAGIC = 0x716f_6966;

export function isQoi(bytes: Uint8Array): bool {
  return bytes.length > 14 && bswap(load<i32>(bytes.dataStart)) == MAGIC;
}

@inline
function slotOf(pixel: u32): i32 {
  return ((pixel & 0xff) * 3 + ((pixel >> 8) & 0xff) * 5 + ((pixel >> 16) & 0xff) * 7 + (pixel >> 24) * 11) & 63;
}

function shifted(pixel: u32, red: i32, green: i32, blue: i32): u32 {
  const r = (<i32>pixel + red) & 0xff;
  const g = (<i32>(pixel >> 8) + green) & 0xff;
  const b = (<i32>(pixel >> 16) + blue) & 0xff;
  return r | (g << 8) | (b << 16) | (pixel & 0xff00_0000);
}

export function decodeQoi(bytes: Uint8Array): Image | null {
  const reader = new Reader(bytes);
  reader.at = 4;
  const width = reader.u32();
  const height = reader.u32();
  reader.at = 14;
  if (!isSize(width, height)) return null;
  const image = new Image(width, height);
  const seen = new StaticArray<u32>(64);
  let pixel: u32 = 0xff00_0000;
  for (let i = 0, run = 0; i < width * height; i++) {
    if (run > 0) run--;
    else {
      const tag = reader.u8();
      if (tag >= 0xfe) {
        const colour: u32 = reader.u8() | (reader.u8() << 8) | (reader.u8() << 16);
        pixel = tag == 0xfe ? colour | (pixel & 0xff00_0000) : colour | ((<u32>reader.u8()) << 24);
      } else if (tag >> 6 == 0) pixel = seen[tag];
      else if (tag >> 6 == 1) pixel = shifted(pixel, ((tag >> 4) & 3) - 2, ((tag >> 2) & 3) - 2, (tag & 3) - 2);
      else if (tag >> 6 == 2) {
        const green = (tag & 63) - 32;
        const others = reader.u8();
        pixel = shifted(pixel, green + (others >> 4) - 8, green, green + (others & 15) - 8);
      } else run = tag & 63;
      seen[slotOf(pixel)] = pixel;
    }
    store<u32>(image.pixels.dataStart + i * 4, pixel);
  }
  return reader.ended ? null : image;
}

export function encodeQoi(image: Image): Uint8Array {
  const out = new ByteWriter(image.width * image.height);
  out.u32(MAGIC);
  out.u32(image.width);
  out.u32(image.height);
  out.u8(image.opaque ? 3 : 4);
  out.u8(0);
  const seen = new StaticArray<u32>(64);
  const count = image.width * image.height;
  let before: u32 = 0xff00_0000;
  let run = 0;
  for (let i = 0; i < count; i++) {
    const pixel = load<u32>(image.pixels.dataStart + i * 4);
    if (pixel == before) {
      if (++run == 62 || i == count - 1) {
        out.u8(0xc0 | (run - 1));
        run = 0;
      }
      continue;
    }
    if (run > 0) out.u8(0xc0 | (run - 1));
    run = 0;
    const slot = slotOf(pixel);
    if (seen[slot] == pixel) out.u8(slot);
    else {
      seen[slot] = pixel;
      differing(out, pixel, before);
    }
    before = pixel;
  }
  for (let i = 0; i < 8; i++) out.u8(i == 7 ? 1 : 0);
  return out.finish();
}

function differing(out: ByteWriter, pixel: u32, before: u32): void {
  const red = <i32>(<i8>(pixel - before));
  const green = <i32>(<i8>((pixel >> 8) - (before >> 8)));
  const blue = <i32>(<i8>((pixel >> 16) - (before >> 16)));
  if (pixel >> 24 == before >> 24) {
    if (red >= -2 && red < 2 && green >= -2 && green < 2 && blue >= -2 && blue < 2) {
      out.u8(0x40 | ((red + 2) << 4) | ((green + 2) << 2) | (blue + 2));
      return;
    }
    if (green >= -32 && green < 32 && isSmall(red - green) && isSmall(blue - green)) {
      out.u8(0x80 | (green + 32));
      out.u8(((red - green + 8) << 4) | (blue - green + 8));
      return;
    }
    out.u8(0xfe);
  } else out.u8(0xff);
  out.u8(pixel);
  out.u8(pixel >> 8);
  out.u8(pixel >> 16);
  if (pixel >> 24 != before >> 24) out.u8(pixel >> 24);
}

function isSmall(difference: i32): bool {
  return difference >= -8 && difference < 8;
}
