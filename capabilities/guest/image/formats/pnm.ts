import { ByteWriter, Reader } from "../bytes";
import { Image, isSize } from "../image";

/** P5 (grey) and P6 (colour): the binary forms of PGM and PPM. */
export function isPnm(bytes: Uint8Array): bool {
  return bytes.length > 2 && bytes[0] == 0x50 && (bytes[1] == 0x35 || bytes[1] == 0x36);
}

export function decodePnm(bytes: Uint8Array): Image | null {
  const reader = new Reader(bytes);
  reader.at = 2;
  const samples = bytes[1] == 0x36 ? 3 : 1;
  const width = number(reader);
  const height = number(reader);
  const most = number(reader);
  if (!isSize(width, height) || most < 1 || most > 255 || reader.left < width * height * samples) return null;
  const image = new Image(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const red = scaled(reader.u8(), most);
      const green = samples == 3 ? scaled(reader.u8(), most) : red;
      const blue = samples == 3 ? scaled(reader.u8(), most) : red;
      image.set(x, y, red, green, blue, 255);
    }
  }
  return image;
}

function scaled(sample: i32, most: i32): i32 {
  return min((sample * 255 + most / 2) / most, 255);
}

/** A number after white space and comments, with the one white space that ends it. -1: there is none. */
function number(reader: Reader): i32 {
  let byte = reader.u8();
  while (byte == 0x23 || (byte <= 0x20 && !reader.ended)) {
    if (byte == 0x23) while (byte != 0x0a && !reader.ended) byte = reader.u8();
    byte = reader.u8();
  }
  let value = 0;
  let digits = 0;
  for (; byte >= 0x30 && byte <= 0x39 && digits < 6; digits++) {
    value = value * 10 + byte - 0x30;
    byte = reader.u8();
  }
  return digits > 0 && byte <= 0x20 ? value : -1;
}

/** As P6. What shows through is put on white. */
export function encodePpm(image: Image): Uint8Array {
  const out = new ByteWriter(image.width * image.height * 3 + 32);
  out.text("P6\n" + image.width.toString() + " " + image.height.toString() + "\n255\n");
  for (let i = 0; i < image.pixels.length; i += 4) {
    const alpha = <i32>image.pixels[i + 3];
    for (let j = 0; j < 3; j++) out.u8((<i32>image.pixels[i + j] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
  return out.finish();
}
