// Tiles of the Mandelbrot set by one, two and four threads of the package, beside the same arithmetic in JavaScript on this thread.
import { availableParallelism } from "node:os";
import { performance } from "node:perf_hooks";
import { createRuntime } from "../../dist/node/index.js";

const tiles = 96;
const [size, iterations, width] = [256, 1_000, 0.05];
const middle = (i) => ({ x: -0.75 + (i % 12) * width, y: 0.1 + Math.floor(i / 12) * width });

/** Tiles a second, `lanes` of them under way at any time. */
async function rate(lanes, compute) {
  let next = 0;
  const began = performance.now();
  const lane = async () => {
    while (next < tiles) await compute(middle(next++));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return (tiles * 1_000) / (performance.now() - began);
}

function inJavaScript({ x, y }) {
  const step = width / size;
  const counts = new Uint16Array(size * size);
  for (let i = 0; i < counts.length; i += 1) {
    const cr = x - width / 2 + step / 2 + (i % size) * step;
    const ci = y + width / 2 - step / 2 - Math.floor(i / size) * step;
    let [zr, zi, count] = [0, 0, 0];
    while (count < iterations && zr * zr + zi * zi <= 4) {
      const r = zr * zr - zi * zi + cr;
      zi = 2 * zr * zi + ci;
      zr = r;
      count += 1;
    }
    counts[i] = count;
  }
  return counts;
}

async function byThreads(concurrency) {
  const runtime = await createRuntime({
    capabilities: {
      paths: ["dist/capabilities/mandelbrot"],
      grants: { mandelbrot: { limits: { concurrency } } },
    },
    clock: "system",
  });
  const compute = async ({ x, y }) => {
    const query = new URLSearchParams({ x, y, width, size, iterations });
    const answer = await runtime.fetch(`/v1/capabilities/mandelbrot?${query}`);
    const { byteLength } = await answer.arrayBuffer();
    if (byteLength !== size * size * 2)
      throw new Error(`a tile of ${byteLength} bytes, status ${answer.status}`);
  };
  await Promise.all(Array.from({ length: concurrency }, () => compute(middle(0))));
  const result = await rate(concurrency, compute);
  await runtime.stop(0);
  return result;
}

await rate(1, inJavaScript);
const plain = await rate(1, inJavaScript);
console.log(`tiles of ${size}² points by JavaScript on one thread: ${plain.toFixed(1)}/s`);
const one = await byThreads(1);
for (const [threads, tilesPerSecond] of [
  [1, one],
  [2, await byThreads(2)],
  [4, await byThreads(4)],
]) {
  const ratio = (tilesPerSecond / one).toFixed(2);
  console.log(
    `… by the package on ${threads} of ${availableParallelism()} cores' threads: ${tilesPerSecond.toFixed(1)}/s, ${ratio}× one, ${(tilesPerSecond / plain).toFixed(2)}× JavaScript`,
  );
}
