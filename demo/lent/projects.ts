import type { Project } from "daprlet/lent";

/** The part of the plane that is drawn, in tiles. */
export const picture = {
  iterations: 20_000,
  columns: 12,
  rows: 10,
  size: 128,
  left: -2.25,
  top: 1.25,
  tile: 0.25,
};
/** Numbers in one unit. */
export const range = 1_000_000;
const ranges = 100;

const shipped = (name: string, hashOf: (name: string) => string) => ({
  name,
  address: `../shipped/${name}/`,
  sha256: hashOf(name),
  limits: { memory: "16Mi", timeMs: 10_000 },
});

/** What visitors of the demo's page may lend a hand with. */
export function projectsOf(hashOf: (name: string) => string): readonly Project[] {
  const { iterations, columns, rows, size, left, top, tile } = picture;
  return [
    {
      name: "mandelbrot",
      title: "The Mandelbrot set",
      description: "A picture in tiles: how long each point stays before it leaves for ever.",
      package: shipped("mandelbrot", hashOf),
      units: columns * rows,
      path(unit) {
        const x = left + ((unit % columns) + 0.5) * tile;
        const y = top - (Math.floor(unit / columns) + 0.5) * tile;
        return `/mandelbrot?x=${x}&y=${y}&width=${tile}&size=${size}&iterations=${iterations}`;
      },
      leaseMs: 30_000,
    },
    {
      name: "primes",
      title: "Primes below a hundred million",
      description: "How many there are, and their sum, a million numbers at a time.",
      package: shipped("primes", hashOf),
      units: ranges,
      path: (unit) => `/primes?from=${unit * range}&to=${(unit + 1) * range - 1}`,
      leaseMs: 30_000,
    },
  ];
}
