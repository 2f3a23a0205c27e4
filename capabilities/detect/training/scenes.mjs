import { Picture } from "./picture.mjs";
import { distractorOf, signOf, signs } from "./signs.mjs";

const natural = [
  [
    [90, 140, 210],
    [200, 220, 245],
  ],
  [
    [60, 80, 40],
    [130, 150, 90],
  ],
  [
    [110, 105, 100],
    [180, 175, 165],
  ],
  [
    [130, 70, 55],
    [190, 120, 95],
  ],
  [
    [40, 45, 50],
    [90, 95, 100],
  ],
  [
    [210, 205, 190],
    [245, 240, 235],
  ],
];

function naturalColour(random) {
  if (random.chance(0.15)) return [0, 1, 2].map(() => random.between(0, 255));
  const [low, high] = random.of(natural);
  const share = random.next();
  return low.map((value, i) => value + (high[i] - value) * share + random.between(-15, 15));
}

/** Something that stands around: blocks with windows, blobs, bars, stripes, writing. */
function thing(picture, random) {
  const size = random.between(0.05, 0.6) * picture.width;
  const place = {
    x: random.between(0, picture.width),
    y: random.between(0, picture.height),
    width: size * random.between(0.3, 1),
    height: size * random.between(0.3, 1),
    turn: random.chance(0.7) ? 0 : random.between(-0.8, 0.8),
  };
  const [a, b] = [naturalColour(random), naturalColour(random)];
  const count = random.whole(2, 9);
  const kinds = [
    (u, v) =>
      Math.max(Math.abs(u), Math.abs(v)) <= 1
        ? ((u + 1) * count) % 2 < 1 && ((v + 1) * count) % 2 < 1
          ? b
          : a
        : undefined,
    (u, v) => (Math.hypot(u, v) <= 1 + 0.25 * Math.sin(Math.atan2(v, u) * count) ? a : undefined),
    (u, v) => (Math.abs(u) <= 0.06 && Math.abs(v) <= 1 ? a : undefined),
    (u, v) =>
      Math.max(Math.abs(u), Math.abs(v)) <= 1 ? (((u + v + 2) * count) % 1 < 0.5 ? a : b) : undefined,
    (u, v) =>
      Math.abs(u) <= 1 && Math.abs(v) <= 0.4
        ? Math.sin(u * 40 + count) * Math.sin(v * 17 + u * 9) > 0.2
          ? b
          : a
        : undefined,
    (u, v) =>
      Math.max(Math.abs(u), Math.abs(v)) <= 1
        ? a.map((value, i) => value + ((b[i] - value) * (v + 1)) / 2)
        : undefined,
  ];
  picture.put(random.of(kinds), place);
}

/** A place without signs. */
export function background(width, height, random) {
  const picture = new Picture(width, height);
  const [top, bottom] = [naturalColour(random), naturalColour(random)];
  const rough = random.between(0, 14);
  const [fx, fy] = [random.between(0.05, 0.8), random.between(0.05, 0.8)];
  let texture = 0;
  picture.change((_, channel, x, y) => {
    if (channel === 0) texture = rough * (Math.sin(x * fx) * Math.cos(y * fy) + random.normal() * 0.6);
    return top[channel] + ((bottom[channel] - top[channel]) * y) / height + texture;
  });
  const things = random.whole(4, 22);
  for (let i = 0; i < things; i++) thing(picture, random);
  return picture;
}

/** How light, lens and sensor change what is there. */
export function photographed(picture, random) {
  const gains = [0, 1, 2].map(() => random.between(0.92, 1.08));
  const gain = random.between(0.45, 1.1);
  const haze = random.chance(0.4) ? random.between(0, 0.3) : 0;
  const slope = random.between(-0.3, 0.3);
  const fog = random.between(120, 220);
  picture.change((value, channel, x) => {
    const light = gain * (1 + slope * (x / picture.width - 0.5));
    return value * gains[channel] * light * (1 - haze) + fog * haze;
  });
  for (let i = random.of([0, 0, 1, 1, 2]); i > 0; i--) picture.blur();
  const noise = random.between(0, 9);
  picture.change((value) => value + random.normal() * noise);
}

/** Where a sign of a size stands, seen a little from the side. */
export function placed(x, y, size, random) {
  return {
    x,
    y,
    width: size * random.between(0.82, 1),
    height: size,
    turn: random.between(-0.12, 0.12),
    far: random.between(-0.08, 0.08),
  };
}

/** A scene with signs apart from each other, and where they are. */
export function scene(picture, random, { kinds = signs, most = 3, distractors = 4, smallest = 30 } = {}) {
  const { width, height } = picture;
  const objects = [];
  const taken = [];
  const free = (x, y, size) =>
    taken.every((other) => Math.hypot(other.x - x, other.y - y) > (other.size + size) * 0.75);
  const spot = (size) => {
    for (let i = 0; i < 50; i++) {
      const [x, y] = [
        random.between(size * 0.6, width - size * 0.6),
        random.between(size * 0.6, height - size * 0.6),
      ];
      if (free(x, y, size)) return { x, y, size };
    }
    return undefined;
  };
  for (let i = 0; i < distractors + most; i++) {
    const size = random.between(smallest, Math.min(width, height) * 0.42);
    const place = spot(size);
    if (place === undefined) continue;
    taken.push(place);
    if (i < distractors) {
      picture.put(distractorOf(random), placed(place.x, place.y, size, random));
      continue;
    }
    const tag = random.of(kinds);
    if (random.chance(0.7)) {
      const post = { x: place.x, y: Math.min(place.y + size, height), width: size * 0.09, height: size * 2 };
      const grey = Array(3).fill(random.between(70, 170));
      picture.put((u, v) => (Math.max(Math.abs(u), Math.abs(v)) <= 1 && v > -0.2 ? grey : undefined), post);
    }
    const where = placed(place.x, place.y, size, random);
    picture.put(signOf(tag, random), where);
    objects.push({
      tag,
      x: where.x - where.width / 2,
      y: where.y - where.height / 2,
      width: where.width,
      height: where.height,
    });
  }
  photographed(picture, random);
  return { picture, objects };
}
