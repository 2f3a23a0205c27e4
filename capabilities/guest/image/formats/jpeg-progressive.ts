import { Reader } from "../bytes";
import { JpegBits } from "./jpeg-bits";
import { Component } from "./jpeg-component";
import { inverseCosines } from "./jpeg-cosines";
import { JpegFrame } from "./jpeg-frame";
import { ProgressiveScan } from "./progressive-scan";

/** A picture whose coefficients come in several scans. */
export class ProgressivePicture {
  scans: i32 = 0;

  constructor(
    private readonly frame: JpegFrame,
    private readonly reader: Reader,
  ) {}

  /** Reads the scan that begins here; its bits begin at `end`. False: it is broken. */
  scan(end: i32): bool {
    const reader = this.reader;
    const count = reader.u8();
    if (count == 0 || count > this.frame.components.length) return false;
    const scanned: Component[] = [];
    for (let i = 0; i < count; i++) {
      const id = reader.u8();
      const codes = reader.u8();
      for (let j = 0; j < this.frame.components.length; j++) {
        const component = this.frame.components[j];
        if (component.id != id) continue;
        component.direct = codes >> 4;
        component.alternating = 4 + (codes & 15);
        component.predicted = 0;
        if (component.direct > 3 || component.alternating > 7) return false;
        scanned.push(component);
        break;
      }
    }
    const from = reader.u8();
    const to = reader.u8();
    const bits = reader.u8();
    if (scanned.length != count || from > to || to > 63 || (bits & 15) > 13) return false;
    // All components have their first coefficients together; the others come one by one.
    if (from == 0 ? to != 0 : count != 1) return false;
    if (this.scans++ == 0) {
      this.frame.planes();
      for (let i = 0; i < this.frame.components.length; i++) {
        const component = this.frame.components[i];
        component.coefficients = new Int16Array(component.plane.length);
      }
    }
    reader.at = end;
    const scan = new ProgressiveScan(new JpegBits(reader), from, to, bits >> 4 != 0, bits & 15);
    return count == 1 ? this.blocksOf(scan, scanned[0], from == 0) : this.firstUnits(scan, scanned);
  }

  /** Unit by unit, as in a baseline picture. */
  private firstUnits(scan: ProgressiveScan, scanned: Component[]): bool {
    const acrossUnits = this.frame.acrossUnits;
    for (let unit = 0; unit < acrossUnits * this.frame.downUnits; unit++) {
      if (!this.goesOn(scan, unit)) return false;
      for (let i = 0; i < scanned.length; i++) {
        const component = scanned[i];
        for (let y = 0; y < component.down; y++) {
          for (let x = 0; x < component.across; x++) {
            const column = (unit % acrossUnits) * component.across + x;
            const row = (unit / acrossUnits) * component.down + y;
            if (!this.direct(scan, component, (row * component.stride) / 8 + column)) return false;
          }
        }
      }
    }
    return true;
  }

  /** Alone a component has only the blocks that show something of the picture. */
  private blocksOf(scan: ProgressiveScan, component: Component, direct: bool): bool {
    const across = (this.frame.width * component.across + 8 * this.frame.widest - 1) / (8 * this.frame.widest);
    const down = (this.frame.height * component.down + 8 * this.frame.highest - 1) / (8 * this.frame.highest);
    const code = this.frame.codes[component.alternating];
    if (!direct && code === null) return false;
    for (let i = 0; i < across * down; i++) {
      if (!this.goesOn(scan, i)) return false;
      const block = ((i / across) * component.stride) / 8 + (i % across);
      if (direct) {
        if (!this.direct(scan, component, block)) return false;
      } else if (!scan.alternating(component.coefficients, block * 64, code!)) return false;
    }
    return true;
  }

  private direct(scan: ProgressiveScan, component: Component, block: i32): bool {
    const code = this.frame.codes[component.direct];
    const value = scan.direct(component.coefficients, block * 64, code, component.predicted);
    component.predicted = value;
    return value != i32.MIN_VALUE;
  }

  private goesOn(scan: ProgressiveScan, unit: i32): bool {
    if (this.frame.restart == 0 || unit == 0 || unit % this.frame.restart != 0) return true;
    for (let i = 0; i < this.frame.components.length; i++) this.frame.components[i].predicted = 0;
    return scan.restart();
  }

  /** What all scans together show. */
  whole(): void {
    for (let i = 0; i < this.frame.components.length; i++) {
      const component = this.frame.components[i];
      const table = component.quantization * 64;
      const blocks = component.stride / 8;
      for (let block = 0; block < component.coefficients.length / 64; block++) {
        for (let j = 0; j < 64; j++)
          this.frame.block[j] = <f32>component.coefficients[block * 64 + j] * this.frame.tables[table + j];
        const at = (block / blocks) * 8 * component.stride + (block % blocks) * 8;
        inverseCosines(this.frame.block, component.plane, at, component.stride);
      }
    }
  }
}
