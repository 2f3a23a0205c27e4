import { ByteWriter, Reader } from "../bytes";
import { Image, isSize } from "../image";

const HEADER = 54;

export function isBmp(bytes: Uint8Array): bool {
  return bytes.length > HEADER && bytes[0] == 0x42 && bytes[1] == 0x4d;
}

/** 24 and 32 bits a pixel, not compressed; the fourth byte is not read, since most writers leave it empty. */
export function decodeBmp(bytes: Uint8Array): Image | null {
  const reader = new Reader(bytes);
  reader.at = 10;
  const data = reader.u32le();
  const header = reader.u32le();
  const width = reader.u32le();
  const signed = reader.u32le();
  // A negative height: the rows come from the top.
  const height = abs(signed);
  reader.at = 28;
  const bits = reader.u16le();
  const compression = reader.u32le();
  if (header < 40 || !isSize(width, height) || compression != 0 || (bits != 24 && bits != 32)) return null;
  const stride = ((width * bits + 31) / 32) * 4;
  if (data < HEADER || data > bytes.length || bytes.length - data < stride * height) return null;
  const image = new Image(width, height);
  for (let y = 0; y < height; y++) {
    let at = data + (signed < 0 ? y : height - 1 - y) * stride;
    for (let x = 0; x < width; x++, at += bits / 8) image.set(x, y, bytes[at + 2], bytes[at + 1], bytes[at], 255);
  }
  return image;
}

/** As 24 bits a pixel. What shows through is put on white. */
export function encodeBmp(image: Image): Uint8Array {
  const stride = ((image.width * 24 + 31) / 32) * 4;
  const size = HEADER + stride * image.height;
  const out = new ByteWriter(size);
  out.text("BM");
  out.u32le(size);
  out.u32le(0);
  out.u32le(HEADER);
  out.u32le(40);
  out.u32le(image.width);
  out.u32le(image.height);
  out.u32le(1 | (24 << 16));
  for (let i = 0; i < 6; i++) out.u32le(i == 2 || i == 3 ? 2835 : 0);
  for (let y = image.height - 1; y >= 0; y--) {
    for (let x = 0; x < image.width; x++) {
      const at = (y * image.width + x) * 4;
      const alpha = <i32>image.pixels[at + 3];
      for (let j = 2; j >= 0; j--) out.u8((<i32>image.pixels[at + j] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
    for (let i = image.width * 3; i < stride; i++) out.u8(0);
  }
  return out.finish();
}
