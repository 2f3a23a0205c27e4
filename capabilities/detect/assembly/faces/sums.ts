import { Light } from "./light";

/** Of each place, the sum of all that is above and to the left of it: four of them are the sum of any rectangle. */
export class Sums {
  readonly stride: i32;
  readonly light: StaticArray<u32>;
  /** Of squares. They overflow, and so does their difference, back to what it is. */
  readonly squares: StaticArray<u32>;

  constructor(light: Light) {
    const stride = light.width + 1;
    this.stride = stride;
    this.light = new StaticArray<u32>(stride * (light.height + 1));
    this.squares = new StaticArray<u32>(stride * (light.height + 1));
    for (let y = 0; y < light.height; y++) {
      let row: u32 = 0;
      let squares: u32 = 0;
      for (let x = 0; x < light.width; x++) {
        const value = <u32>light.bytes[y * light.width + x];
        row += value;
        squares += value * value;
        // Of the row below, which is there: there is one more than rows of light.
        const at = (y + 1) * stride + x + 1;
        unchecked((this.light[at] = this.light[at - stride] + row));
        unchecked((this.squares[at] = this.squares[at - stride] + squares));
      }
    }
  }
}
