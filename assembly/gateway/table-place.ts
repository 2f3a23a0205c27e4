/** The table stands here; between it and its end there is nothing else, because statics begin behind it (`memoryBase`). */
export const TABLE: usize = 1024;
export const TABLE_END: usize = 0x80000;

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
