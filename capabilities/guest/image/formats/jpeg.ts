import { Reader } from "../bytes";
import { Image, isSize } from "../image";
import { JpegBits, JpegCode } from "./jpeg-bits";
import { Component, zigzag } from "./jpeg-component";
import { inverseCosines } from "./jpeg-cosines";
import { JpegFrame } from "./jpeg-frame";
import { ProgressivePicture } from "./jpeg-progressive";

export function isJpeg(bytes: Uint8Array): bool {
  return bytes.length > 4 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

/** A JPEG, baseline or progressive, grey or of three colours, or null: those of four colours are not read. */
export function decodeJpeg(bytes: Uint8Array): Image | null {
  const decoder = new Decoder(bytes);
  return decoder.read() ? decoder.image() : null;
}

class Decoder {
  private readonly reader: Reader;
  private readonly frame: JpegFrame = new JpegFrame();
  private progressive: ProgressivePicture | null = null;
  /** What three components mean: colours themselves, where Adobe's marker says so. */
  private isRgb: bool = false;

  constructor(private readonly bytes: Uint8Array) {
    this.reader = new Reader(bytes);
    this.reader.at = 2;
  }

  /** Everything up to the end of the one scan that a baseline picture has, or of the last one. */
  read(): bool {
    while (true) {
      const reader = this.reader;
      let marker = reader.u16();
      while (marker == 0xffff) marker = 0xff00 | reader.u8();
      // One that is cut off shows what has come.
      const progressive = this.progressive;
      if (progressive !== null && progressive.scans > 0 && (marker == 0xffd9 || reader.ended)) {
        progressive.whole();
        return true;
      }
      const length = reader.u16();
      const end = reader.at + length - 2;
      if (reader.ended || marker < 0xffc0 || length < 2 || end > this.bytes.length) return false;
      let fine = true;
      if (marker == 0xffc0 || marker == 0xffc1) fine = this.size();
      else if (marker == 0xffc2) {
        this.progressive = new ProgressivePicture(this.frame, reader);
        fine = this.size();
      } else if (marker == 0xffc4) fine = this.huffman(end);
      else if (marker > 0xffc0 && marker <= 0xffcf) fine = false;
      else if (marker == 0xffdb) fine = this.quantization(end);
      else if (marker == 0xffdd) this.frame.restart = reader.u16();
      else if (marker == 0xffee) this.adobe(length);
      else if (marker == 0xffda) {
        if (progressive === null) return this.scan(end);
        if (!progressive.scan(end)) return false;
        this.pass();
        continue;
      }
      if (!fine || reader.ended || reader.at > end) return false;
      reader.at = end;
    }
  }

  /** What stands between the end of a scan and the next marker. */
  private pass(): void {
    const reader = this.reader;
    const bytes = this.bytes;
    while (reader.left > 1 && (bytes[reader.at] != 0xff || bytes[reader.at + 1] == 0)) reader.at++;
  }

  private adobe(length: i32): void {
    if (length < 14) return;
    this.reader.at += 11;
    this.isRgb = this.reader.u8() == 0;
  }

  private quantization(end: i32): bool {
    while (this.reader.at < end) {
      const kind = this.reader.u8();
      if ((kind & 15) > 3) return false;
      for (let i = 0; i < 64; i++) {
        const value = kind >> 4 == 0 ? this.reader.u8() : this.reader.u16();
        this.frame.tables[(kind & 3) * 64 + zigzag[i]] = <f32>value;
      }
    }
    return true;
  }

  private huffman(end: i32): bool {
    while (this.reader.at < end) {
      const kind = this.reader.u8();
      if ((kind & 15) > 3 || kind >> 4 > 1) return false;
      const code = JpegCode.read(this.reader);
      if (code === null) return false;
      this.frame.codes[(kind >> 4) * 4 + (kind & 3)] = code;
    }
    return true;
  }

  private size(): bool {
    const reader = this.reader;
    if (this.frame.components.length > 0 || reader.u8() != 8) return false;
    this.frame.height = reader.u16();
    this.frame.width = reader.u16();
    const count = reader.u8();
    if (!isSize(this.frame.width, this.frame.height) || (count != 1 && count != 3)) return false;
    for (let i = 0; i < count; i++) {
      const component = new Component(reader.u8());
      const factors = reader.u8();
      component.across = factors >> 4;
      component.down = factors & 15;
      component.quantization = reader.u8();
      const known = component.across >= 1 && component.across <= 4 && component.down >= 1 && component.down <= 4;
      if (!known || component.quantization > 3) return false;
      // Alone it has no neighbours to be interleaved with.
      if (count == 1) component.across = component.down = 1;
      this.frame.components.push(component);
    }
    return true;
  }

  private scan(end: i32): bool {
    const reader = this.reader;
    const count = reader.u8();
    if (count != this.frame.components.length || count == 0) return false;
    for (let i = 0; i < count; i++) {
      const component = this.frame.components[i];
      if (reader.u8() != component.id) return false;
      const codes = reader.u8();
      component.direct = codes >> 4;
      component.alternating = 4 + (codes & 15);
      if (component.direct > 3 || component.alternating > 7) return false;
      if (this.frame.codes[component.direct] === null || this.frame.codes[component.alternating] === null) return false;
    }
    reader.at = end;
    return this.units();
  }

  /** Unit by unit: of each component as many blocks as its factors say. */
  private units(): bool {
    const acrossUnits = this.frame.acrossUnits;
    const downUnits = this.frame.downUnits;
    this.frame.planes();
    const bits = new JpegBits(this.reader);
    for (let unit = 0; unit < acrossUnits * downUnits; unit++) {
      if (this.frame.restart > 0 && unit > 0 && unit % this.frame.restart == 0) {
        if (!bits.restart()) return false;
        for (let i = 0; i < this.frame.components.length; i++) this.frame.components[i].predicted = 0;
      }
      for (let i = 0; i < this.frame.components.length; i++) {
        const component = this.frame.components[i];
        for (let y = 0; y < component.down; y++) {
          for (let x = 0; x < component.across; x++) {
            if (!this.coefficients(bits, component)) return false;
            const column = ((unit % acrossUnits) * component.across + x) * 8;
            const row = ((unit / acrossUnits) * component.down + y) * 8;
            inverseCosines(this.frame.block, component.plane, row * component.stride + column, component.stride);
          }
        }
      }
    }
    return true;
  }

  private coefficients(bits: JpegBits, component: Component): bool {
    const block = this.frame.block;
    const table = component.quantization * 64;
    block.fill(0);
    const size = bits.symbol(this.frame.codes[component.direct]!);
    if (size < 0 || size > 11) return false;
    component.predicted += bits.signed(size);
    block[0] = <f32>component.predicted * this.frame.tables[table];
    const alternating = this.frame.codes[component.alternating]!;
    for (let i = 1; i < 64; i++) {
      const symbol = bits.symbol(alternating);
      if (symbol < 0) return false;
      const length = symbol & 15;
      if (length == 0 && symbol != 0xf0) return symbol == 0;
      i += symbol >> 4;
      if (i > 63) return false;
      const at = zigzag[i];
      block[at] = <f32>bits.signed(length) * this.frame.tables[table + at];
    }
    return true;
  }

  image(): Image {
    const image = new Image(this.frame.width, this.frame.height);
    const widest = this.frame.widest;
    const highest = this.frame.highest;
    for (let y = 0; y < this.frame.height; y++) {
      for (let x = 0; x < this.frame.width; x++) {
        const first = this.sample(0, x, y, widest, highest);
        if (this.frame.components.length == 1) {
          image.set(x, y, first, first, first, 255);
          continue;
        }
        const second = this.sample(1, x, y, widest, highest);
        const third = this.sample(2, x, y, widest, highest);
        if (this.isRgb) image.set(x, y, first, second, third, 255);
        else coloured(image, x, y, <f32>first, <f32>(second - 128), <f32>(third - 128));
      }
    }
    return image;
  }

  @inline
  private sample(index: i32, x: i32, y: i32, widest: i32, highest: i32): i32 {
    const component = this.frame.components[index];
    return component.plane[((y * component.down) / highest) * component.stride + (x * component.across) / widest];
  }
}

function coloured(image: Image, x: i32, y: i32, light: f32, blue: f32, red: f32): void {
  image.set(
    x,
    y,
    byte(light + 1.402 * red),
    byte(light - 0.344136 * blue - 0.714136 * red),
    byte(light + 1.772 * blue),
    255,
  );
}

function byte(value: f32): i32 {
  return <i32>min<f32>(max<f32>(value + 0.5, 0), 255);
}
