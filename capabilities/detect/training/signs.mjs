/** What is detected, in the order of the detector's classes. */
export const signs = ["stop", "yield", "no-entry", "speed-limit"];

/** Five columns of seven dots, rows from the top. */
const font = {
  S: [15, 16, 16, 14, 1, 1, 30],
  T: [31, 4, 4, 4, 4, 4, 4],
  O: [14, 17, 17, 17, 17, 17, 14],
  P: [30, 17, 17, 30, 16, 16, 16],
  0: [14, 17, 17, 17, 17, 17, 14],
  1: [4, 12, 4, 4, 4, 4, 14],
  2: [14, 17, 1, 6, 8, 16, 31],
  3: [30, 1, 1, 14, 1, 1, 30],
  4: [2, 6, 10, 18, 31, 2, 2],
  5: [31, 16, 30, 1, 1, 17, 14],
  6: [14, 16, 16, 30, 17, 17, 14],
  7: [31, 1, 2, 4, 8, 8, 8],
  8: [14, 17, 17, 14, 17, 17, 14],
  9: [14, 17, 17, 15, 1, 1, 14],
};

/** Whether a text in a box around the middle has ink at a place. */
function inked(text, u, v, width, height) {
  const x = ((u + width) / (2 * width)) * text.length * 6 - 0.5;
  const y = ((v + height) / (2 * height)) * 7;
  if (x < 0 || x >= text.length * 6 - 1 || y < 0 || y >= 7) return false;
  const column = Math.floor(x) % 6;
  return column < 5 && ((font[text[Math.floor(x / 6)]][Math.floor(y)] >> (4 - column)) & 1) === 1;
}

const octagon = (u, v, size) =>
  Math.max(Math.abs(u), Math.abs(v)) <= size && Math.abs(u) + Math.abs(v) <= Math.SQRT2 * size;
const triangle = (u, v, size) => v + 0.18 >= -0.8 * size && v + 0.18 <= 1.1 * size - 1.9 * Math.abs(u);

/** How a sign of a kind looks, a little different each time. */
export function signOf(kind, random) {
  const red = [random.between(140, 225), random.between(5, 55), random.between(10, 60)];
  const white = Array(3).fill(random.between(215, 255));
  const black = Array(3).fill(random.between(5, 60));
  const rim = random.between(0.9, 0.97);
  if (kind === "stop") {
    return (u, v) => {
      if (!octagon(u, v, 1)) return undefined;
      return !octagon(u, v, rim) || inked("STOP", u, v, 0.76, 0.34) ? white : red;
    };
  }
  if (kind === "yield") {
    const inner = random.between(0.42, 0.58);
    return (u, v) => (triangle(u, v, 1) ? (triangle(u, v, inner) ? white : red) : undefined);
  }
  if (kind === "no-entry") {
    const bar = random.between(0.15, 0.24);
    return (u, v) => {
      const r = Math.hypot(u, v);
      if (r > 1) return undefined;
      return r > rim || (Math.abs(v) < bar && Math.abs(u) < 0.74) ? white : red;
    };
  }
  const text = `${random.of([..."123456789"])}0`;
  const ring = random.between(0.74, 0.84);
  return (u, v) => {
    const r = Math.hypot(u, v);
    if (r > 1) return undefined;
    return r > ring ? red : inked(text, u, v, 0.58, 0.42) ? black : white;
  };
}

/** What looks a little like a sign and is none. */
export function distractorOf(random) {
  const colour = () =>
    random.chance(0.6)
      ? [random.between(140, 230), random.between(0, 70), random.between(0, 70)]
      : [0, 1, 2].map(() => random.between(0, 255));
  const [outer, inner] = [colour(), random.chance(0.5) ? Array(3).fill(random.between(180, 255)) : colour()];
  const share = random.between(0.2, 0.9);
  const shapes = [
    (u, v, size) => Math.hypot(u, v) <= size,
    (u, v, size) => Math.max(Math.abs(u), Math.abs(v)) <= size,
    (u, v, size) => Math.abs(u) + Math.abs(v) <= size,
    (u, v, size) => triangle(u, -v, size),
    octagon,
    (u, v, size) => Math.abs(u) <= size && Math.abs(v) <= 0.3 * size,
  ];
  const shape = random.of(shapes);
  const hole = random.chance(0.7) ? random.of(shapes) : undefined;
  const isSign = shape === octagon && hole === undefined && outer[0] > 130;
  return (u, v) => (shape(u, v, 1) ? (hole?.(u, v, share) ? inner : isSign ? inner : outer) : undefined);
}
