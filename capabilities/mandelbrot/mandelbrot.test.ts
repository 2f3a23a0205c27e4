import { describe, expect, it } from "vitest";
import { type Fields, Guest } from "../../tests/capability/guest.ts";

const guest = await Guest.of("mandelbrot");

/** The definition, one point after another: what the tile is held to. */
function expected(x: number, y: number, width: number, size: number, iterations: number): Uint16Array {
  const step = width / size;
  return Uint16Array.from({ length: size * size }, (_, i) => {
    const cr = x - width / 2 + step / 2 + (i % size) * step;
    const ci = y + width / 2 - step / 2 - Math.floor(i / size) * step;
    let [zr, zi, count] = [0, 0, 0];
    while (count < iterations && zr * zr + zi * zi <= 4) {
      [zr, zi] = [zr * zr - zi * zi + cr, 2 * (zr * zi) + ci];
      count++;
    }
    return count;
  });
}

const query = (values: Readonly<Record<string, number | string>>): Fields =>
  Object.entries(values).map(([name, value]) => [name, String(value)] as const);

describe("mandelbrot", () => {
  it.each([
    { x: -0.5, y: 0, width: 3, size: 64, iterations: 100 },
    { x: -0.743643, y: 0.131825, width: 0.001, size: 33, iterations: 1_000 },
    { x: 0, y: 0, width: 1e-9, size: 1, iterations: 65_535 },
    { x: 10, y: -10, width: 2, size: 8, iterations: 50 },
  ])("computes the tile at $x, $y exactly", (tile) => {
    const { status, body } = guest.call(query(tile));
    expect(status).toBe(200);
    expect(new Uint16Array(body.slice().buffer)).toEqual(
      expected(tile.x, tile.y, tile.width, tile.size, tile.iterations),
    );
  });

  it("draws a picture, black inside", () => {
    const { body, headers } = guest.call(query({ as: "pgm", size: 31 }));
    expect(headers.get("content-type")).toBe("image/x-portable-graymap");
    const head = "P5\n31 31\n255\n";
    expect(new TextDecoder("latin1").decode(body.subarray(0, head.length))).toBe(head);
    expect(body.length).toBe(head.length + 31 * 31);
    const pixels = body.subarray(head.length);
    expect(pixels[15 * 31 + 15]).toBe(0);
    expect(pixels[0]).toBeGreaterThan(100);
  });

  it.each([
    { size: 0 },
    { size: 1_025 },
    { iterations: 0 },
    { iterations: 65_536 },
    { width: 0 },
    { width: -1 },
  ])("refuses $size$iterations$width", (values) => {
    expect(guest.call(query(values))).toMatchObject({ status: 400, error: "ERR_BAD_REQUEST" });
  });
});
