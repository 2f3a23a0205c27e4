import { Image } from "../../../guest/image";
import { Found, sorted } from "../found";
import { Cascade, WINDOW } from "./cascade";
import { Light, lightOf } from "./light";
import { Sums } from "./sums";

/** Pixels that are looked through at first: of a larger picture a smaller size, so that it takes no longer. */
const MOST: f64 = 1_000_000;

/** Pixels of the smallest face that is looked for. */
const SMALLEST: f64 = 24;

/** From one size of the picture to the next. */
const STEP: f64 = 1 / 1.1;

/** Windows of one face differ by so much of their size at most. */
const NEAR: f64 = 0.2;

/** So many of them make a face: chance has fewer. */
const LEAST = 5;

/** Windows that are compared with one another: more come of no photograph. */
const MOST_WINDOWS = 4096;

/** The faces of a picture that look into it: a window goes over ever smaller sizes of it, and where several agree is a face. */
export function faces(image: Image): Found[] {
  const windows: Found[] = [];
  let light = lightOf(image);
  let scale = (<f64>WINDOW / SMALLEST) * Math.min(1, Math.sqrt(MOST / (<f64>image.width * <f64>image.height)));
  while (windows.length < MOST_WINDOWS) {
    const width = <i32>Math.round(<f64>image.width * scale);
    const height = <i32>Math.round(<f64>image.height * scale);
    if (min(width, height) < WINDOW) break;
    while (light.width >= 2 * width && light.height >= 2 * height) light = light.half();
    lookThrough(light.scaled(width, height), <f64>image.width / <f64>width, windows);
    scale *= STEP;
  }
  return together(windows);
}

function lookThrough(light: Light, unit: f64, windows: Found[]): void {
  const cascade = new Cascade(new Sums(light));
  const size = <f64>WINDOW * unit;
  for (let y = 0; y <= light.height - WINDOW; y++) {
    // Every other place, as the black fields of a chessboard.
    for (let x = y & 1; x <= light.width - WINDOW; x += 2) {
      if (!cascade.passes(x, y)) continue;
      windows.push(new Found("face", 1, <f64>x * unit, <f64>y * unit, size, size));
      if (windows.length == MOST_WINDOWS) return;
    }
  }
}

/** One for each group of windows that are near one another, where they are on average. */
function together(windows: Found[]): Found[] {
  const group = new StaticArray<i32>(windows.length);
  for (let i = 0; i < windows.length; i++) group[i] = i;
  for (let i = 0; i < windows.length; i++) {
    for (let j = 0; j < i; j++) {
      if (near(windows[i], windows[j])) group[rootOf(group, i)] = rootOf(group, j);
    }
  }
  const groups = new Map<i32, Found[]>();
  for (let i = 0; i < windows.length; i++) {
    const root = rootOf(group, i);
    if (!groups.has(root)) groups.set(root, []);
    groups.get(root).push(windows[i]);
  }
  const averages: Found[] = [];
  const all = groups.values();
  for (let i = 0; i < all.length; i++) if (all[i].length >= LEAST) averages.push(average(all[i]));
  return apart(sorted(averages));
}

function near(a: Found, b: Found): bool {
  const most = NEAR * Math.min(a.width, b.width);
  return (
    Math.abs(a.x - b.x) <= most &&
    Math.abs(a.y - b.y) <= most &&
    Math.abs(a.x + a.width - b.x - b.width) <= most &&
    Math.abs(a.y + a.height - b.y - b.height) <= most
  );
}

function rootOf(group: StaticArray<i32>, window: i32): i32 {
  let at = window;
  while (group[at] != at) {
    group[at] = group[group[at]];
    at = group[at];
  }
  return at;
}

function average(windows: Found[]): Found {
  let x: f64 = 0;
  let y: f64 = 0;
  let size: f64 = 0;
  const count = <f64>windows.length;
  for (let i = 0; i < windows.length; i++) {
    x += windows[i].x;
    y += windows[i].y;
    size += windows[i].width;
  }
  return new Found("face", <f32>count, x / count, y / count, size / count, size / count);
}

/** Those whose middle is in no surer one. */
function apart(found: Found[]): Found[] {
  const kept: Found[] = [];
  for (let i = 0; i < found.length; i++) {
    let free = true;
    for (let j = 0; j < kept.length && free; j++) free = !holds(kept[j], found[i]) && !holds(found[i], kept[j]);
    if (free) kept.push(found[i]);
  }
  return kept;
}

function holds(outer: Found, inner: Found): bool {
  const x = inner.x + inner.width / 2;
  const y = inner.y + inner.height / 2;
  return x > outer.x && x < outer.x + outer.width && y > outer.y && y < outer.y + outer.height;
}
