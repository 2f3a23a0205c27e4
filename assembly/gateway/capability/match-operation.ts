/** The operation that a path and a method mean; host/capability/match-operation.ts has the same rules. */
import { Guest, Operation } from "../records.gen";
import { indexOf, same } from "../text";

const SLASH: u8 = 0x2f;

/** True where the path of an operation is this one, which has no slash at its start. */
function isPathOf(operation: Operation, path: usize, length: i32): bool {
  const end = path + length;
  let at = path;
  for (let i: u32 = 0; i < operation.segmentsCount; i++) {
    if (at > end) return false;
    const stop = indexOf(at, end, SLASH);
    const segment = operation.segment(i);
    const size = <i32>(stop - at);
    if (segment.takes ? size == 0 : !same(segment.text, segment.textLength, at, size)) return false;
    at = stop + 1;
  }
  return at == end + 1;
}

let others: bool = false;

/** True where the path of the last search has other methods. */
export function hasOtherMethods(): bool {
  return others;
}

export function beginSearch(): void {
  others = false;
}

/** Null where the guest answers no such request. */
export function findOperation(
  guest: Guest,
  method: usize,
  methodLength: i32,
  path: usize,
  length: i32,
): Operation | null {
  for (let i: u32 = 0; i < guest.operationsCount; i++) {
    const operation = guest.operation(i);
    if (!isPathOf(operation, path, length)) continue;
    if (same(operation.method, operation.methodLength, method, methodLength)) return operation;
    others = true;
  }
  return null;
}
