import { answer } from "../memory";
import { EDGES, LEAVES, NODES, TEXT } from "./routes.gen";

const SLASH: u8 = 0x2f;
const NONE: u16 = 0xffff;

/**
 *   ┌──────────┬──────────┬────────┬────────┬──────────┬──────────┐
 *   │ u16 edge │ u16 edges│ u16    │ u16    │ u16 leaf │ u16      │
 *   │          │          │ param  │ rest   │          │ leaves   │
 *   └──────────┴──────────┴────────┴────────┴──────────┴──────────┘
 */
@unmanaged
class Node {
  /** First literal child in EDGES. */
  edge: u16;
  edges: u16;
  /** Child for any one segment, or NONE. */
  param: u16;
  /** Child for all that is left, or NONE. */
  rest: u16;
  /** First operation that ends here in LEAVES. */
  leaf: u16;
  leaves: u16;
}

/**
 *   ┌──────────┬────────────┬──────────┐
 *   │ u16 text │ u16 length │ u16 node │
 *   └──────────┴────────────┴──────────┘
 */
@unmanaged
class Edge {
  text: u16;
  length: u16;
  node: u16;
}

/**
 *   ┌─────────────┬───────────────┐
 *   │ u16 methods │ u16 operation │
 *   └─────────────┴───────────────┘
 */
@unmanaged
class Leaf {
  methods: u16;
  operation: u16;
}

/** Where parameter spans begin in the answer: after their count and the span of the path. */
export const PARAMS: i32 = 3;

/**
 * The operation of a clean path, or -1. A literal segment wins over `{x}`, and that over `{x*}`; where the winner
 * has no such method or child, the next is tried. Leaves the count and the encoded spans of the parameters in
 * the answer.
 */
export function match(path: usize, length: i32, method: i32): i32 {
  return descend(0, path, path + length, method, 0);
}

function descend(index: i32, at: usize, end: usize, method: i32, params: i32): i32 {
  const node = changetype<Node>(NODES + index * offsetof<Node>());
  if (at == end) return leaf(node, method, params);
  const start = at + 1;
  let stop = start;
  while (stop < end && load<u8>(stop) != SLASH) stop++;
  const size = <i32>(stop - start);

  const first = EDGES + <usize>node.edge * offsetof<Edge>();
  for (let i = 0, n = <i32>node.edges; i < n; i++) {
    const edge = changetype<Edge>(first + i * offsetof<Edge>());
    if (<i32>edge.length != size || !same(TEXT + edge.text, start, size)) continue;
    const found = descend(edge.node, stop, end, method, params);
    if (found >= 0) return found;
    break;
  }
  if (node.param != NONE && size > 0) {
    const found = descend(node.param, stop, end, method, params + 1);
    if (found >= 0) return span(params, start, size, found);
  }
  if (node.rest != NONE && start < end) {
    const rest = changetype<Node>(NODES + <usize>node.rest * offsetof<Node>());
    const found = leaf(rest, method, params + 1);
    if (found >= 0) return span(params, start, <i32>(end - start), found);
  }
  return -1;
}

function leaf(node: Node, method: i32, params: i32): i32 {
  const first = LEAVES + <usize>node.leaf * offsetof<Leaf>();
  for (let i = 0, n = <i32>node.leaves; i < n; i++) {
    const leaf = changetype<Leaf>(first + i * offsetof<Leaf>());
    if (<i32>leaf.methods & method) {
      answer(0, params);
      return leaf.operation;
    }
  }
  return -1;
}

function span(param: i32, start: usize, length: i32, found: i32): i32 {
  answer(PARAMS + (param << 1), <i32>start);
  answer(PARAMS + (param << 1) + 1, length);
  return found;
}

function same(a: usize, b: usize, length: i32): bool {
  for (let i: usize = 0, n = <usize>length; i < n; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false;
  return true;
}
