/** Colours as numbers from 0 to 255, three a pixel, while a picture is drawn. */
export class Picture {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.values = new Float32Array(width * height * 3);
  }

  /**
   * Puts a shape over it. `colourOf(u, v)` is its colour, or undefined outside of it, in coordinates in which it lies between
   * -1 and 1; `place` says where: middle, extent, turn, and how much its far side is smaller.
   */
  put(colourOf, { x, y, width, height, turn = 0, far = 0 }, samples = 2) {
    const reach = Math.max(width, height) * 0.9 + 2;
    const cos = Math.cos(turn);
    const sin = Math.sin(turn);
    for (let row = Math.max(0, Math.floor(y - reach)); row < Math.min(this.height, y + reach); row++) {
      for (
        let column = Math.max(0, Math.floor(x - reach));
        column < Math.min(this.width, x + reach);
        column++
      ) {
        const sum = [0, 0, 0];
        let covered = 0;
        for (let i = 0; i < samples * samples; i++) {
          const dx = column + ((i % samples) + 0.5) / samples - x;
          const dy = row + (Math.floor(i / samples) + 0.5) / samples - y;
          const u = (cos * dx + sin * dy) / (width / 2);
          const v = (cos * dy - sin * dx) / (height / 2);
          const shrunk = 1 + far * u;
          const colour = colourOf(u * shrunk, v * shrunk);
          if (colour === undefined) continue;
          covered++;
          for (let j = 0; j < 3; j++) sum[j] += colour[j];
        }
        if (covered === 0) continue;
        const at = (row * this.width + column) * 3;
        const rest = 1 - covered / (samples * samples);
        for (let j = 0; j < 3; j++)
          this.values[at + j] = this.values[at + j] * rest + sum[j] / (samples * samples);
      }
    }
  }

  /** A part of it, as large as that. */
  crop(x, y, width, height) {
    const part = new Picture(width, height);
    for (let row = 0; row < height; row++) {
      const from = ((y + row) * this.width + x) * 3;
      part.values.set(this.values.subarray(from, from + width * 3), row * width * 3);
    }
    return part;
  }

  /** Each number changed by a function of it, its channel and its place. */
  change(change) {
    let at = 0;
    for (let y = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++) {
        for (let j = 0; j < 3; j++, at++) this.values[at] = change(this.values[at], j, x, y);
      }
    }
  }

  blur() {
    const before = this.values.slice();
    for (let y = 1; y < this.height - 1; y++) {
      for (let x = 1; x < this.width - 1; x++) {
        for (let j = 0; j < 3; j++) {
          let sum = 0;
          for (let i = 0; i < 9; i++) {
            sum +=
              before[((y + Math.floor(i / 3) - 1) * this.width + x + (i % 3) - 1) * 3 + j] *
              (i === 4 ? 4 : i % 2 ? 2 : 1);
          }
          this.values[(y * this.width + x) * 3 + j] = sum / 16;
        }
      }
    }
  }

  /** Four bytes a pixel. */
  bytes() {
    const bytes = new Uint8ClampedArray(this.width * this.height * 4).fill(255);
    for (let i = 0; i < this.width * this.height; i++) {
      for (let j = 0; j < 3; j++) bytes[i * 4 + j] = this.values[i * 3 + j];
    }
    return bytes;
  }
}
