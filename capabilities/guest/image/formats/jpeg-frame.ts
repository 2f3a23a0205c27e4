import { JpegCode } from "./jpeg-bits";
import { Component } from "./jpeg-component";

/** What is known of a picture when its first scan begins. */
export class JpegFrame {
  width: i32 = 0;
  height: i32 = 0;
  readonly components: Component[] = [];
  readonly tables: StaticArray<f32> = new StaticArray<f32>(4 * 64);
  readonly codes: (JpegCode | null)[] = [null, null, null, null, null, null, null, null];
  /** Units between two markers that begin anew; 0: there are none. */
  restart: i32 = 0;
  readonly block: StaticArray<f32> = new StaticArray<f32>(64);

  get widest(): i32 {
    let widest = 1;
    for (let i = 0; i < this.components.length; i++) widest = max(widest, this.components[i].across);
    return widest;
  }

  get highest(): i32 {
    let highest = 1;
    for (let i = 0; i < this.components.length; i++) highest = max(highest, this.components[i].down);
    return highest;
  }

  get acrossUnits(): i32 {
    return (this.width + 8 * this.widest - 1) / (8 * this.widest);
  }

  get downUnits(): i32 {
    return (this.height + 8 * this.highest - 1) / (8 * this.highest);
  }

  planes(): void {
    for (let i = 0; i < this.components.length; i++) {
      const component = this.components[i];
      component.stride = this.acrossUnits * component.across * 8;
      component.plane = new Uint8Array(component.stride * this.downUnits * component.down * 8);
    }
  }
}
