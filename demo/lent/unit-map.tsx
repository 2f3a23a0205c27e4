import type { ShownProject } from "daprlet/lent";
import { useEffect, useRef } from "preact/hooks";
import { picture } from "./projects.ts";
import { results } from "./results.ts";

/** Tiles that are painted, so that each is painted once. */
const tiles = new WeakMap<Uint8Array, ImageBitmap | OffscreenCanvas>();

function tileOf(bytes: Uint8Array): OffscreenCanvas | ImageBitmap {
  const known = tiles.get(bytes);
  if (known !== undefined) return known;
  const { size, iterations } = picture;
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
  const image = context.createImageData(size, size);
  const counts = new Uint16Array(bytes.slice().buffer);
  for (const [i, count] of counts.entries()) {
    // Those that never leave are dark; the others the lighter, the longer they stay.
    const light = count >= iterations ? 0 : Math.log(count + 1) / Math.log(iterations);
    const at = 4 * i;
    image.data[at] = 255 * light ** 0.6;
    image.data[at + 1] = 255 * light;
    image.data[at + 2] = count >= iterations ? 24 : 90 + 165 * light;
    image.data[at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  tiles.set(bytes, canvas);
  return canvas;
}

/** Units in the colours of what they are: under way, one result, accepted, given up. Pictures show themselves. */
export function UnitMap({ project }: { readonly project: ShownProject }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { name, states, accepted, units } = project;
  const columns = name === "mandelbrot" ? picture.columns : 20;
  const found = results.value.get(name);
  useEffect(() => {
    if (canvas.current !== null)
      draw(canvas.current, states, columns, name === "mandelbrot" ? found : undefined);
  });
  return (
    <>
      <canvas
        ref={canvas}
        class="units"
        role="img"
        aria-label={`${accepted} of ${units} units of ${project.title} are accepted`}
        style={{ aspectRatio: `${columns} / ${Math.ceil(units / columns)}` }}
      />
      <ul class="legend">
        <li class="l">under way</li>
        <li class="v">one result</li>
        <li class="a">accepted</li>
        <li class="d">given up</li>
      </ul>
    </>
  );
}

function draw(
  canvas: HTMLCanvasElement,
  states: string,
  columns: number,
  found: ReadonlyMap<number, Uint8Array> | undefined,
): void {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  const rows = Math.ceil(states.length / columns);
  const height = Math.round((width * rows) / columns);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  if (context === null) return;
  const style = getComputedStyle(canvas);
  const side = width / columns;
  context.clearRect(0, 0, width, height);
  for (let unit = 0; unit < states.length; unit++) {
    const [x, y] = [(unit % columns) * side, Math.floor(unit / columns) * side];
    const bytes = found?.get(unit);
    if (bytes !== undefined) {
      context.drawImage(tileOf(bytes), x, y, Math.ceil(side), Math.ceil(side));
      continue;
    }
    context.fillStyle = style.getPropertyValue(`--${states[unit]}`);
    context.fillRect(x + 1, y + 1, side - 2, side - 2);
  }
}
