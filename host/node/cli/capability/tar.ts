/** A file of an archive, by its path with forward slashes. */
export interface ArchivedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const BLOCK = 512;

function header({ path, bytes }: ArchivedFile): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (text: string, at: number) => block.set(new TextEncoder().encode(text), at);
  if (path.length > 99) throw new Error(`${path} is too long for an archive`);
  put(path, 0);
  put("0000644\0", 100);
  put("0000000\0", 108);
  put("0000000\0", 116);
  put(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
  // No time: the same files make the same archive.
  put("00000000000\0", 136);
  put(" ".repeat(8), 148);
  put("0", 156);
  put("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** An archive in the ustar format. */
export function tar(files: readonly ArchivedFile[]): Uint8Array {
  const parts = files.flatMap((file) => [
    header(file),
    file.bytes,
    new Uint8Array((BLOCK - (file.bytes.length % BLOCK)) % BLOCK),
  ]);
  return Buffer.concat([...parts, new Uint8Array(2 * BLOCK)]);
}
