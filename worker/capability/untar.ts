const BLOCK = 512;
const NAME = 100;
const SIZE = [124, 136] as const;
const TYPE = 156;
const PREFIX = [345, 500] as const;

/** The files of an archive in the ustar format, by their paths. Throws for what is none, or is cut off. */
export function untar(archive: Uint8Array<ArrayBuffer>): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let at = 0;
  const text = (from: number, to: number) =>
    new TextDecoder().decode(archive.subarray(at + from, at + to)).split("\0", 1)[0] as string;
  while (at + BLOCK <= archive.length && archive[at] !== 0) {
    const digits = text(...SIZE).trim();
    if (text(257, 262) !== "ustar" || !/^[0-7]+$/.test(digits)) throw new Error("it is no archive of tar");
    const size = Number.parseInt(digits, 8);
    const begins = at + BLOCK;
    if (begins + size > archive.length) throw new Error("the archive is cut off");
    const prefix = text(...PREFIX);
    const path = (prefix === "" ? "" : `${prefix}/`) + text(0, NAME);
    const type = text(TYPE, TYPE + 1);
    if (type === "" || type === "0") files.set(path, archive.slice(begins, begins + size));
    at = begins + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
