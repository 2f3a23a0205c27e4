/** What was found, in the picture's own pixels. */
export class Found {
  constructor(
    readonly tag: string,
    readonly score: f32,
    public x: f64,
    public y: f64,
    public width: f64,
    public height: f64,
  ) {}

  /** What two boxes share of what they cover together. */
  overlap(other: Found): f64 {
    const across = Math.min(this.x + this.width, other.x + other.width) - Math.max(this.x, other.x);
    const down = Math.min(this.y + this.height, other.y + other.height) - Math.max(this.y, other.y);
    if (across <= 0 || down <= 0) return 0;
    const both = across * down;
    return both / (this.width * this.height + other.width * other.height - both);
  }
}

/** The surest first. */
export function sorted(found: Found[]): Found[] {
  return found.sort((a, b) => (a.score > b.score ? -1 : a.score < b.score ? 1 : 0));
}
