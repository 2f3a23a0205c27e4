/** A stream of numbers that a seed repeats. */
export function random(start: number): (below: number) => number {
  let state = start | 0;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % below;
  };
}

export function pick<T>(next: (below: number) => number, list: readonly T[]): T {
  return list[next(list.length)] as T;
}

const pieces = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "\\",
  " ",
  "\n",
  "1",
  "-",
  "e",
  ".",
  "null",
  "true",
  "é",
  "\t",
  "0",
];
const more = ['""', "{}", "[]", '"key":', "\u0001", "\u{1F600}", "//", "\\u12", "1e999"];

/** A text with up to three slips in it. */
export function mangled(next: (below: number) => number, text: string): string {
  let body = text;
  for (let times = next(3); times >= 0; times--) {
    const at = next(body.length);
    const kind = next(3);
    const piece = kind === 0 ? "" : pick(next, [...pieces, ...more]);
    body = body.slice(0, at) + piece + body.slice(kind === 1 ? at : at + 1);
  }
  return body;
}
