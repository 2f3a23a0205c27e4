import { deflate } from "../../deflate";
import { ByteWriter } from "../bytes";
import { adler32, crc32 } from "../checksums";
import { Image } from "../image";
import { paeth } from "./png";

/** A picture as PNG: with an alpha channel only where something shows through. */
export function encodePng(image: Image): Uint8Array {
  const samples = image.opaque ? 3 : 4;
  const out = new ByteWriter(image.width * image.height);
  out.u32(0x8950_4e47);
  out.u32(0x0d0a_1a0a);
  const header = new ByteWriter(13);
  header.u32(image.width);
  header.u32(image.height);
  header.u8(8);
  header.u8(samples == 3 ? 2 : 6);
  header.u8(0);
  header.u8(0);
  header.u8(0);
  chunk(out, "IHDR", header.finish());
  const rows = filtered(image, samples);
  const data = new ByteWriter(rows.length / 2);
  data.u8(0x78);
  data.u8(0x9c);
  data.append(deflate(rows));
  data.u32(adler32(rows));
  chunk(out, "IDAT", data.finish());
  chunk(out, "IEND", new Uint8Array(0));
  return out.finish();
}

function chunk(out: ByteWriter, name: string, data: Uint8Array): void {
  out.u32(data.length);
  const from = out.length;
  out.text(name);
  out.append(data);
  out.u32(crc32(out.finish(), from, out.length));
}

/** Each row with the filter that leaves the least, as its bytes' absolute values add up. */
function filtered(image: Image, samples: i32): Uint8Array {
  const length = image.width * samples;
  const rows = new Uint8Array((length + 1) * image.height);
  let above = new Uint8Array(length);
  let row = new Uint8Array(length);
  let candidate = new Uint8Array(length);
  for (let y = 0; y < image.height; y++) {
    pack(image, y, row, samples);
    const at = y * (length + 1);
    let least = i32.MAX_VALUE;
    for (let filter = 0; filter < 5; filter++) {
      const sum = apply(filter, row, above, candidate, samples);
      if (sum >= least) continue;
      least = sum;
      rows[at] = <u8>filter;
      rows.set(candidate, at + 1);
    }
    const swap = above;
    above = row;
    row = swap;
  }
  return rows;
}

function pack(image: Image, y: i32, row: Uint8Array, samples: i32): void {
  let from = y * image.width * 4;
  for (let at = 0; at < row.length; at += samples, from += 4) {
    for (let i = 0; i < samples; i++) row[at + i] = image.pixels[from + i];
  }
}

function apply(filter: i32, row: Uint8Array, above: Uint8Array, out: Uint8Array, back: i32): i32 {
  let sum = 0;
  for (let i = 0; i < row.length; i++) {
    const left = i < back ? 0 : <i32>row[i - back];
    const up = <i32>above[i];
    let predicted = 0;
    if (filter == 1) predicted = left;
    else if (filter == 2) predicted = up;
    else if (filter == 3) predicted = (left + up) >> 1;
    else if (filter == 4) predicted = paeth(left, up, i < back ? 0 : <i32>above[i - back]);
    const value = <u8>(row[i] - predicted);
    out[i] = value;
    sum += abs<i32>(<i8>value);
  }
  return sum;
}
