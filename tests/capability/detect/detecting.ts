import { Guest } from "../guest.ts";

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Thing {
  readonly tag: string;
  readonly rectangle: Rectangle;
}

export interface Detected {
  readonly width: number;
  readonly height: number;
  readonly objects: readonly (Thing & { readonly score: number })[];
}

/** Of things that are there, how many were found; and how many were found that are not there. */
export interface Tally {
  there: number;
  found: number;
  wrong: number;
}

export const guest = await Guest.of("detect");

export const detect = (body: Uint8Array): Detected =>
  JSON.parse(
    guest.call([
      [":operation", "object"],
      [":body", body],
    ]).text,
  );

/** What two rectangles share of what they cover together. */
function overlap(a: Rectangle, b: Rectangle): number {
  const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const both = Math.max(across, 0) * Math.max(down, 0);
  return both / (a.width * a.height + b.width * b.height - both);
}

export const isSame = (a: Thing, b: Thing) => a.tag === b.tag && overlap(a.rectangle, b.rectangle) >= 0.5;

/** Adds what was found on a picture of these things to the tallies of their tags; each finding is of one thing. */
export function tally(tallies: Map<string, Tally>, things: readonly Thing[], found: readonly Thing[]): void {
  const of = (tag: string) => {
    const one = tallies.get(tag) ?? { there: 0, found: 0, wrong: 0 };
    tallies.set(tag, one);
    return one;
  };
  const left = [...found];
  for (const thing of things) {
    of(thing.tag).there++;
    const at = left.findIndex((one) => isSame(one, thing));
    if (at < 0) continue;
    of(thing.tag).found++;
    left.splice(at, 1);
  }
  for (const one of left) of(one.tag).wrong++;
}

export function total(tallies: ReadonlyMap<string, Tally>): Tally {
  const all = { there: 0, found: 0, wrong: 0 };
  for (const { there, found, wrong } of tallies.values()) {
    all.there += there;
    all.found += found;
    all.wrong += wrong;
  }
  return all;
}
