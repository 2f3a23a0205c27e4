import { inflate } from "../../deflate";
import { Reader } from "../bytes";
import { adler32, crc32 } from "../checksums";
import { Image, isSize } from "../image";

const SIGNATURE_HIGH: u32 = 0x8950_4e47;

/** Samples of a pixel, by the type of colour; 0: there is no such type. */
const samples: StaticArray<u8> = [1, 0, 3, 1, 2, 0, 4];

/** Of Adam7, and of a picture that is not interlaced (the last): where each pass begins, and its steps. */
const firstX: StaticArray<u8> = [0, 4, 0, 2, 0, 1, 0, 0];
const firstY: StaticArray<u8> = [0, 0, 4, 0, 2, 0, 1, 0];
const stepX: StaticArray<u8> = [8, 8, 4, 4, 2, 2, 1, 1];
const stepY: StaticArray<u8> = [8, 8, 8, 4, 4, 2, 2, 1];

export function isPng(bytes: Uint8Array): bool {
  return bytes.length > 8 && bswap(load<u32>(bytes.dataStart)) == SIGNATURE_HIGH;
}

/** A picture of any of PNG's types, interlaced or not, or null. */
export function decodePng(bytes: Uint8Array): Image | null {
  const decoder = new Decoder(bytes);
  return decoder.readChunks() ? decoder.image() : null;
}

class Decoder {
  private readonly reader: Reader;
  private width: i32 = 0;
  private height: i32 = 0;
  private depth: i32 = 0;
  private type: i32 = 0;
  private interlaced: bool = false;
  private palette: Uint8Array = new Uint8Array(0);
  private transparency: Uint8Array = new Uint8Array(0);
  private data: Uint8Array[] = [];

  constructor(private readonly bytes: Uint8Array) {
    this.reader = new Reader(bytes);
    this.reader.at = 8;
  }

  readChunks(): bool {
    const reader = this.reader;
    while (true) {
      const length = reader.u32();
      const from = reader.at;
      const name = reader.u32();
      const to = from + 4 + length;
      if (reader.ended || length < 0 || length > reader.left - 4) return false;
      const chunk = this.bytes.subarray(from + 4, to);
      reader.at = to;
      if (<u32>reader.u32() != crc32(this.bytes, from, to)) return false;
      if (name == 0x49484452 && !this.header(chunk)) return false; // IHDR
      if (name == 0x504c5445) this.palette = chunk; // PLTE
      if (name == 0x74524e53) this.transparency = chunk; // tRNS
      if (name == 0x49444154) this.data.push(chunk); // IDAT
      if (name == 0x49454e44) return this.width > 0; // IEND
    }
  }

  private header(chunk: Uint8Array): bool {
    if (chunk.length != 13) return false;
    const reader = new Reader(chunk);
    this.width = reader.u32();
    this.height = reader.u32();
    this.depth = reader.u8();
    this.type = reader.u8();
    const methods = reader.u16();
    this.interlaced = reader.u8() == 1;
    if (!isSize(this.width, this.height) || methods != 0 || this.type > 6 || samples[this.type] == 0) return false;
    if (this.depth == 8) return true;
    if (this.depth == 16) return this.type != 3;
    return (this.depth == 1 || this.depth == 2 || this.depth == 4) && (this.type == 0 || this.type == 3);
  }

  image(): Image | null {
    const rows = this.inflated();
    if (rows === null) return null;
    const image = new Image(this.width, this.height);
    let at = 0;
    for (let pass = this.interlaced ? 0 : 7; pass < (this.interlaced ? 7 : 8); pass++) {
      at = this.pass(rows, at, image, pass);
      if (at < 0) return null;
    }
    return image;
  }

  private inflated(): Uint8Array | null {
    let size = 0;
    for (let i = 0; i < this.data.length; i++) size += this.data[i].length;
    const zlib = new Uint8Array(size);
    let at = 0;
    for (let i = 0; i < this.data.length; i++) {
      zlib.set(this.data[i], at);
      at += this.data[i].length;
    }
    if (size < 6 || (zlib[0] & 0x0f) != 8 || word(zlib, 0) % 31 != 0) return null;
    // Each pass has rows of its own, and each row a filter.
    const most = this.width * this.height * 8 + this.height * 2 + this.width * 8 + 64;
    const rows = inflate(zlib.subarray(2, size - 4), most);
    if (rows === null) return null;
    return adler32(rows) == bswap(load<u32>(zlib.dataStart + size - 4)) ? rows : null;
  }

  /** Answers where the next pass begins, or -1 where there is too little. */
  private pass(rows: Uint8Array, at: i32, image: Image, pass: i32): i32 {
    const width = (this.width - firstX[pass] + stepX[pass] - 1) / stepX[pass];
    const height = (this.height - firstY[pass] + stepY[pass] - 1) / stepY[pass];
    if (width <= 0 || height <= 0) return at;
    const bits = this.depth * samples[this.type];
    const length = (width * bits + 7) / 8;
    if (rows.length - at < (length + 1) * height) return -1;
    const back = max(bits / 8, 1);
    let above = new Uint8Array(length);
    for (let y = 0; y < height; y++) {
      const row = rows.subarray(at + 1, at + 1 + length);
      if (!unfilter(rows[at], row, above, back)) return -1;
      this.expand(row, width, image, firstX[pass], firstY[pass] + y * stepY[pass], stepX[pass]);
      above = row;
      at += length + 1;
    }
    return at;
  }

  private expand(row: Uint8Array, width: i32, image: Image, x: i32, y: i32, step: i32): void {
    for (let i = 0; i < width; i++, x += step) {
      const at = i * samples[this.type];
      const first = this.sample(row, at);
      if (this.type == 3) this.paletted(image, x, y, first);
      else if (this.type == 0 || this.type == 4) {
        const grey = this.scaled(first);
        const alpha = this.type == 4 ? this.scaled(this.sample(row, at + 1)) : this.keyed(first, first, first);
        image.set(x, y, grey, grey, grey, alpha);
      } else {
        const green = this.sample(row, at + 1);
        const blue = this.sample(row, at + 2);
        const alpha = this.type == 6 ? this.scaled(this.sample(row, at + 3)) : this.keyed(first, green, blue);
        image.set(x, y, this.scaled(first), this.scaled(green), this.scaled(blue), alpha);
      }
    }
  }

  private sample(row: Uint8Array, index: i32): i32 {
    if (this.depth == 8) return row[index];
    if (this.depth == 16) return word(row, index * 2);
    const bit = index * this.depth;
    return (<i32>row[bit >> 3] >> (8 - this.depth - (bit & 7))) & ((1 << this.depth) - 1);
  }

  /** To 8 bits. */
  private scaled(sample: i32): i32 {
    if (this.depth == 16) return sample >> 8;
    return (sample * 255) / ((1 << this.depth) - 1);
  }

  /** 0 for the colour that is to be seen through. */
  private keyed(red: i32, green: i32, blue: i32): i32 {
    const key = this.transparency;
    if (this.type == 0 && key.length >= 2) return red == word(key, 0) ? 0 : 255;
    if (this.type != 2 || key.length < 6) return 255;
    const same =
      red == word(key, 0) && green == word(key, 2) && blue == word(key, 4);
    return same ? 0 : 255;
  }

  /** A colour that is not in the palette is black. */
  private paletted(image: Image, x: i32, y: i32, index: i32): void {
    const palette = this.palette;
    const at = index * 3;
    const known = at + 2 < palette.length;
    const alpha = index < this.transparency.length ? this.transparency[index] : 255;
    image.set(x, y, known ? palette[at] : 0, known ? palette[at + 1] : 0, known ? palette[at + 2] : 0, alpha);
  }
}

/** Two bytes, the high one first. */
function word(bytes: Uint8Array, at: i32): i32 {
  return (<i32>bytes[at] << 8) | <i32>bytes[at + 1];
}

function unfilter(filter: i32, row: Uint8Array, above: Uint8Array, back: i32): bool {
  if (filter > 4) return false;
  for (let i = 0; i < row.length; i++) {
    const left = i < back ? 0 : <i32>row[i - back];
    const up = <i32>above[i];
    let predicted = 0;
    if (filter == 1) predicted = left;
    else if (filter == 2) predicted = up;
    else if (filter == 3) predicted = (left + up) >> 1;
    else if (filter == 4) predicted = paeth(left, up, i < back ? 0 : <i32>above[i - back]);
    row[i] += <u8>predicted;
  }
  return true;
}

export function paeth(left: i32, up: i32, corner: i32): i32 {
  const estimate = left + up - corner;
  const toLeft = abs(estimate - left);
  const toUp = abs(estimate - up);
  const toCorner = abs(estimate - corner);
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
}
