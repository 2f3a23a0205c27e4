// @ts-ignore: decorator
@external("cap_host", "log")
declare function hostLog(level: i32, at: usize, length: i32): void;
// @ts-ignore: decorator
@external("cap_host", "clock")
declare function hostClock(): f64;
// @ts-ignore: decorator
@external("cap_host", "random")
declare function hostRandom(at: usize, length: i32): void;

export const enum Level {
  Debug = 0,
  Info = 1,
  Warning = 2,
  Error = 3,
}

// A module imports what it uses of these: each has to be granted.

/** A line in the host's log, under the package's name. */
export function log(text: string, level: Level = Level.Info): void {
  const bytes = String.UTF8.encode(text);
  hostLog(level, changetype<usize>(bytes), bytes.byteLength);
}

/** Milliseconds since 1970, coarse. */
export function clock(): f64 {
  return hostClock();
}

/** Bytes that nobody can guess. */
export function random(count: i32): Uint8Array {
  const bytes = new Uint8Array(count);
  hostRandom(bytes.dataStart, count);
  return bytes;
}
