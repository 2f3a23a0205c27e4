import { useEffect, useRef } from "preact/hooks";
import { type Crowd, type Known, size } from "./crowd.ts";
import { session } from "./session.ts";
import { colourOf } from "./tab.ts";

/** Cells in a row: few on a phone. */
const columnsOf = (width: number) => (width < 600 ? 25 : 40);
/** After it a call that is not answered is drawn as waiting. */
const waitingMs = 250;
const flashMs = 600;

/** The actors, each in the colour of the tab that it lives in. */
export function Grid({ crowd }: { readonly crowd: Crowd }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    let next = requestAnimationFrame(function frame() {
      if (canvas.current !== null) draw(canvas.current, crowd, still.matches);
      next = requestAnimationFrame(frame);
    });
    return () => cancelAnimationFrame(next);
  }, [crowd]);
  const at = ({ offsetX, offsetY }: MouseEvent) => {
    const width = canvas.current?.clientWidth ?? 1;
    const columns = columnsOf(width);
    const [x, y] = [offsetX, offsetY].map((offset) => Math.floor((offset * columns) / width)) as [
      number,
      number,
    ];
    const id = y * columns + x;
    return x >= 0 && x < columns && id >= 0 && id < size ? id : undefined;
  };
  return (
    <canvas
      ref={canvas}
      class="grid"
      role="img"
      aria-label="A thousand actors in the colours of their tabs; how many each tab has is told above."
      onPointerMove={(event) => (session.pointed.value = at(event))}
      onPointerLeave={() => (session.pointed.value = undefined)}
      onClick={(event) => {
        const id = at(event);
        if (id !== undefined) void crowd.count(id);
      }}
    />
  );
}

function draw(canvas: HTMLCanvasElement, crowd: Crowd, still: boolean): void {
  const scale = devicePixelRatio;
  const columns = columnsOf(canvas.clientWidth);
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round((width * Math.ceil(size / columns)) / columns);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  if (context === null) return;
  const side = width / columns;
  const now = performance.now();
  const { color: ink, backgroundColor: paper } = getComputedStyle(canvas);
  context.clearRect(0, 0, width, height);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = `${side * 0.42}px system-ui, sans-serif`;
  for (const [id, known] of crowd.cells.entries()) {
    const [x, y] = [(id % columns) * side, Math.floor(id / columns) * side];
    cell(context, { x, y, side, now, ink, paper, still, scale }, known, crowd);
  }
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly now: number;
  readonly ink: string;
  readonly paper: string;
  readonly still: boolean;
  readonly scale: number;
}

function cell(context: CanvasRenderingContext2D, place: Place, known: Known, crowd: Crowd): void {
  const { x, y, side, now, ink, paper, still, scale } = place;
  const { told, asked, counted, version } = known;
  const gap = side * 0.06;
  const square = () => {
    context.beginPath();
    context.roundRect(x + gap, y + gap, side - 2 * gap, side - 2 * gap, side * 0.14);
  };
  const own = told?.tab === crowd.tab;
  // By an older table: where it lives now is not known yet.
  context.globalAlpha = told === undefined ? 0.15 : version !== crowd.version ? 0.3 : own ? 1 : 0.6;
  context.fillStyle = told === undefined ? ink : colourOf(told.tab);
  square();
  context.fill();
  const fresh = still ? 0 : 1 - (now - counted) / flashMs;
  if (fresh > 0) {
    context.globalAlpha = fresh * 0.7;
    context.fillStyle = ink;
    square();
    context.fill();
  }
  context.globalAlpha = 1;
  if (asked !== undefined && now - asked > waitingMs) {
    context.lineWidth = Math.max(2, side * 0.1);
    context.strokeStyle = ink;
    square();
    context.stroke();
  }
  if (told === undefined || side < 18 * scale) return;
  context.fillStyle = fresh > 0.4 ? paper : own ? "#10161c" : ink;
  context.fillText(
    told.count < 1_000 ? String(told.count) : `${Math.floor(told.count / 1_000)}k`,
    x + side / 2,
    y + side / 2,
  );
}
