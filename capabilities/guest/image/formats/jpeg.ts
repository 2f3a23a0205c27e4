import { Reader } from "../bytes";
import { Image, isSize } from "../image";
import { inverseCosines } from "./jpeg-cosines";
import { JpegBits, JpegCode } from "./jpeg-bits";

export function isJpeg(bytes: Uint8Array): bool {
  return bytes.length > 4 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

/** A baseline JPEG, grey or of three colours, or null: progressive ones and those of four colours are not read. */
export function decodeJpeg(bytes: Uint8Array): Image | null {
  const decoder = new Decoder(bytes);
  return decoder.read() ? decoder.image() : null;
}

/** Where the coefficients of a block are in the order of their writing. */
const zigzag: StaticArray<u8> = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55,
  62, 63,
];

class Component {
  across: i32 = 1;
  down: i32 = 1;
  quantization: i32 = 0;
  direct: i32 = 0;
  alternating: i32 = 0;
  predicted: i32 = 0;
  /** Of whole blocks. */
  stride: i32 = 0;
  plane: Uint8Array = new Uint8Array(0);

  constructor(readonly id: i32) {}
}

class Decoder {
  private readonly reader: Reader;
  private width: i32 = 0;
  private height: i32 = 0;
  private components: Component[] = [];
  private readonly tables: StaticArray<f32> = new StaticArray<f32>(4 * 64);
  private readonly codes: (JpegCode | null)[] = [null, null, null, null, null, null, null, null];
  private restart: i32 = 0;
  /** What three components mean: colours themselves, where Adobe's marker says so. */
  private isRgb: bool = false;
  private readonly block: StaticArray<f32> = new StaticArray<f32>(64);

  constructor(private readonly bytes: Uint8Array) {
    this.reader = new Reader(bytes);
    this.reader.at = 2;
  }

  /** Everything up to the end of the one scan that a baseline picture has. */
  read(): bool {
    while (true) {
      const reader = this.reader;
      let marker = reader.u16();
      while (marker == 0xffff) marker = 0xff00 | reader.u8();
      const length = reader.u16();
      const end = reader.at + length - 2;
      if (reader.ended || marker < 0xffc0 || length < 2 || end > this.bytes.length) return false;
      let fine = true;
      if (marker == 0xffc0 || marker == 0xffc1) fine = this.frame();
      else if (marker == 0xffc4) fine = this.huffman(end);
      else if (marker > 0xffc0 && marker <= 0xffcf) fine = false;
      else if (marker == 0xffdb) fine = this.quantization(end);
      else if (marker == 0xffdd) this.restart = reader.u16();
      else if (marker == 0xffee) this.adobe(length);
      else if (marker == 0xffda) return this.scan(end);
      if (!fine || reader.ended || reader.at > end) return false;
      reader.at = end;
    }
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
        this.tables[(kind & 3) * 64 + zigzag[i]] = <f32>value;
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
      this.codes[(kind >> 4) * 4 + (kind & 3)] = code;
    }
    return true;
  }

  private frame(): bool {
    const reader = this.reader;
    if (this.components.length > 0 || reader.u8() != 8) return false;
    this.height = reader.u16();
    this.width = reader.u16();
    const count = reader.u8();
    if (!isSize(this.width, this.height) || (count != 1 && count != 3)) return false;
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
      this.components.push(component);
    }
    return true;
  }

  private get widest(): i32 {
    let widest = 1;
    for (let i = 0; i < this.components.length; i++) widest = max(widest, this.components[i].across);
    return widest;
  }

  private get highest(): i32 {
    let highest = 1;
    for (let i = 0; i < this.components.length; i++) highest = max(highest, this.components[i].down);
    return highest;
  }

  private scan(end: i32): bool {
    const reader = this.reader;
    const count = reader.u8();
    if (count != this.components.length || count == 0) return false;
    for (let i = 0; i < count; i++) {
      const component = this.components[i];
      if (reader.u8() != component.id) return false;
      const codes = reader.u8();
      component.direct = codes >> 4;
      component.alternating = 4 + (codes & 15);
      if (component.direct > 3 || component.alternating > 7) return false;
      if (this.codes[component.direct] === null || this.codes[component.alternating] === null) return false;
    }
    reader.at = end;
    return this.units();
  }

  /** Unit by unit: of each component as many blocks as its factors say. */
  private units(): bool {
    const acrossUnits = (this.width + 8 * this.widest - 1) / (8 * this.widest);
    const downUnits = (this.height + 8 * this.highest - 1) / (8 * this.highest);
    for (let i = 0; i < this.components.length; i++) {
      const component = this.components[i];
      component.stride = acrossUnits * component.across * 8;
      component.plane = new Uint8Array(component.stride * downUnits * component.down * 8);
    }
    const bits = new JpegBits(this.reader);
    for (let unit = 0; unit < acrossUnits * downUnits; unit++) {
      if (this.restart > 0 && unit > 0 && unit % this.restart == 0) {
        if (!bits.restart()) return false;
        for (let i = 0; i < this.components.length; i++) this.components[i].predicted = 0;
      }
      for (let i = 0; i < this.components.length; i++) {
        const component = this.components[i];
        for (let y = 0; y < component.down; y++) {
          for (let x = 0; x < component.across; x++) {
            if (!this.coefficients(bits, component)) return false;
            const column = ((unit % acrossUnits) * component.across + x) * 8;
            const row = ((unit / acrossUnits) * component.down + y) * 8;
            inverseCosines(this.block, component.plane, row * component.stride + column, component.stride);
          }
        }
      }
    }
    return true;
  }

  private coefficients(bits: JpegBits, component: Component): bool {
    const block = this.block;
    const table = component.quantization * 64;
    block.fill(0);
    const size = bits.symbol(this.codes[component.direct]!);
    if (size < 0 || size > 11) return false;
    component.predicted += bits.signed(size);
    block[0] = <f32>component.predicted * this.tables[table];
    const alternating = this.codes[component.alternating]!;
    for (let i = 1; i < 64; i++) {
      const symbol = bits.symbol(alternating);
      if (symbol < 0) return false;
      const length = symbol & 15;
      if (length == 0 && symbol != 0xf0) return symbol == 0;
      i += symbol >> 4;
      if (i > 63) return false;
      const at = zigzag[i];
      block[at] = <f32>bits.signed(length) * this.tables[table + at];
    }
    return true;
  }

  image(): Image {
    const image = new Image(this.width, this.height);
    const widest = this.widest;
    const highest = this.highest;
    for (let y = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++) {
        const first = this.sample(0, x, y, widest, highest);
        if (this.components.length == 1) {
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
    const component = this.components[index];
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
