/** The table stands here; between it and its end there is nothing else, as the build places statics around it. */
export const TABLE: usize = 0xc000;
export const TABLE_END: usize = 0x8bc00;

let place: usize = TABLE;

/** Where the table is: what it says of places in it counts from here. */
// @ts-ignore: decorator
@inline
export function table(): usize {
  return place;
}

/** Moves the table, for specs: their statics begin where ours would. */
export function moveTable(to: usize): void {
  place = to;
}
