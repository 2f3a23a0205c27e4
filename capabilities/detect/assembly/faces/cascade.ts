import { Sums } from "./sums";
import { leaves, shapes, sumsOf, thresholds, treesOf } from "./weights";

/** Pixels of a window's side. */
export const WINDOW = 20;

/** A window's light is measured by what lies this far within it. */
const INSET = 1;
const AREA = (WINDOW - 2 * INSET) * (WINDOW - 2 * INSET);

/** A window whose light varies by less shows nothing. */
const FLAT: f32 = 5;

/** Of a node: how often its second rectangle counts, 2 if it has a third, which side of a root goes on, and four corners a rectangle. */
const NODE = 15;
const CORNERS = 3;

/**
 * Trees of two nodes, in stages: a node compares a window's rectangles, each leaf is worth something, and a window whose leaves
 * add up to too little in one of the stages is given up. Corners of rectangles are offsets in one size of the picture.
 */
export class Cascade {
  private readonly nodes: StaticArray<i32>;
  private readonly stride: i32;

  constructor(private readonly sums: Sums) {
    this.stride = sums.stride;
    this.nodes = new StaticArray<i32>(thresholds.length * NODE);
    for (let node = 0, at = 0; node < thresholds.length; node++) at = this.read(node * NODE, at);
  }

  private read(node: i32, at: i32): i32 {
    const head = shapes[at++];
    const rectangles: i32 = head & 3;
    this.nodes[node] = head & 4 ? 3 : 2;
    this.nodes[node + 1] = rectangles == 3 ? 2 : 0;
    this.nodes[node + 2] = head & 8 ? 1 : 0;
    for (let i = 0; i < rectangles; i++, at += 4) {
      const first = <i32>shapes[at + 1] * this.stride + shapes[at];
      const corner = node + CORNERS + i * 4;
      this.nodes[corner] = first;
      this.nodes[corner + 1] = first + shapes[at + 2];
      this.nodes[corner + 2] = first + <i32>shapes[at + 3] * this.stride;
      this.nodes[corner + 3] = this.nodes[corner + 2] + shapes[at + 2];
    }
    return at;
  }

  /** Whether the window that begins there passes every stage. The caller keeps it within the picture. */
  passes(x: i32, y: i32): bool {
    const at = y * this.stride + x;
    const spread = this.spread(at + INSET * this.stride + INSET);
    if (spread < FLAT) return false;
    // What thresholds are in.
    const unit = spread * <f32>AREA;
    let tree = 0;
    for (let stage = 0; stage < treesOf.length; stage++) {
      // Both tables have a row for each stage.
      const end = tree + unchecked(treesOf[stage]);
      let sum = 0;
      for (; tree < end; tree++) sum += this.leafOf(tree, at, unit);
      if (<f32>sum < unchecked(sumsOf[stage]) * 32767) return false;
    }
    return true;
  }

  @inline
  private leafOf(tree: i32, at: i32, unit: f32): i32 {
    // The tables have two nodes and three leaves for each tree.
    const root = 2 * tree;
    const above = this.valueOf(root * NODE, at) >= unchecked(thresholds[root]) * unit;
    if (above != (unchecked(this.nodes[root * NODE + 2]) == 1)) return unchecked(leaves[3 * tree]);
    const higher = this.valueOf((root + 1) * NODE, at) >= unchecked(thresholds[root + 1]) * unit;
    return unchecked(leaves[3 * tree + (higher ? 2 : 1)]);
  }

  @inline
  private valueOf(node: i32, at: i32): f32 {
    // Rectangles lie within the window, and it within the picture.
    const nodes = this.nodes;
    let value = unchecked(nodes[node]) * this.sum(node + CORNERS + 4, at) - this.sum(node + CORNERS, at);
    const third = unchecked(nodes[node + 1]);
    if (third != 0) value += third * this.sum(node + CORNERS + 8, at);
    return <f32>value;
  }

  @inline
  private sum(corner: i32, at: i32): i32 {
    const nodes = this.nodes;
    const light = this.sums.light;
    return unchecked(
      light[at + nodes[corner]] - light[at + nodes[corner + 1]] - light[at + nodes[corner + 2]] + light[at + nodes[corner + 3]],
    );
  }

  /** How far its pixels are from their average, as the root of the mean of squares. */
  private spread(at: i32): f32 {
    const right = WINDOW - 2 * INSET;
    const down = right * this.stride;
    const light = this.sums.light;
    const squares = this.sums.squares;
    // The window lies within the picture.
    const sum = unchecked(light[at] - light[at + right] - light[at + down] + light[at + down + right]);
    const square = unchecked(squares[at] - squares[at + right] - squares[at + down] + squares[at + down + right]);
    const mean = <f32>sum / <f32>AREA;
    const variance = <f32>square / <f32>AREA - mean * mean;
    return variance > 0 ? Mathf.sqrt(variance) : 0;
  }
}
