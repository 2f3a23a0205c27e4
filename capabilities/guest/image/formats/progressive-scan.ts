import { JpegBits, JpegCode } from "./jpeg-bits";
import { zigzag } from "./jpeg-component";

/** One scan of a progressive JPEG: some coefficients of each block, or one more of their bits. */
export class ProgressiveScan {
  /** Blocks of which nothing more is written. */
  private empty: i32 = 0;

  constructor(
    private readonly bits: JpegBits,
    /** The first and the last coefficient, in the order of their writing. */
    private readonly from: i32,
    private readonly to: i32,
    /** Whether it adds a bit to what is there, and which bit is its lowest. */
    private readonly refines: bool,
    private readonly low: i32,
  ) {}

  restart(): bool {
    this.empty = 0;
    return this.bits.restart();
  }

  /** The coefficient that all of a block has in common; answers what the next one is predicted by. False: it is broken. */
  direct(coefficients: Int16Array, at: i32, code: JpegCode | null, predicted: i32): i32 {
    if (this.refines) {
      if (this.bits.bit() == 1) coefficients[at] = <i16>(<i32>coefficients[at] | (1 << this.low));
      return predicted;
    }
    const size = code === null ? -1 : this.bits.symbol(code);
    if (size < 0 || size > 11) return i32.MIN_VALUE;
    const value = predicted + this.bits.signed(size);
    coefficients[at] = <i16>(value << this.low);
    return value;
  }

  /** The others. False: it is broken. */
  alternating(coefficients: Int16Array, at: i32, code: JpegCode): bool {
    return this.refines ? this.refined(coefficients, at, code) : this.first(coefficients, at, code);
  }

  private first(coefficients: Int16Array, at: i32, code: JpegCode): bool {
    if (this.empty > 0) {
      this.empty--;
      return true;
    }
    for (let i = this.from; i <= this.to; i++) {
      const symbol = this.bits.symbol(code);
      if (symbol < 0) return false;
      const zeros = symbol >> 4;
      const size = symbol & 15;
      if (size == 0 && zeros < 15) {
        this.empty = (1 << zeros) - 1 + this.bits.number(zeros);
        return true;
      }
      i += zeros;
      if (i > this.to) return size == 0;
      if (size > 0) coefficients[at + zigzag[i]] = <i16>(this.bits.signed(size) << this.low);
    }
    return true;
  }

  private refined(coefficients: Int16Array, at: i32, code: JpegCode): bool {
    let i = this.from;
    while (this.empty == 0 && i <= this.to) {
      const symbol = this.bits.symbol(code);
      if (symbol < 0) return false;
      let zeros = symbol >> 4;
      let fresh = 0;
      if ((symbol & 15) != 0) fresh = this.bits.bit() == 1 ? 1 << this.low : -1 << this.low;
      else if (zeros < 15) {
        this.empty = (1 << zeros) + this.bits.number(zeros);
        break;
      }
      for (; i <= this.to; i++) {
        const place = at + zigzag[i];
        if (coefficients[place] != 0) this.sharpen(coefficients, place);
        else if (zeros-- == 0) {
          coefficients[place] = <i16>fresh;
          i++;
          break;
        }
      }
    }
    if (this.empty == 0) return true;
    for (; i <= this.to; i++) {
      const place = at + zigzag[i];
      if (coefficients[place] != 0) this.sharpen(coefficients, place);
    }
    this.empty--;
    return true;
  }

  /** One more bit of a coefficient that is not zero. */
  private sharpen(coefficients: Int16Array, place: i32): void {
    const bit: i32 = 1 << this.low;
    const value: i32 = coefficients[place];
    if (this.bits.bit() == 0 || (value & bit) != 0) return;
    coefficients[place] = <i16>(value > 0 ? value + bit : value - bit);
  }
}
