import { open } from "node:fs/promises";

/** Writes a file that is not there yet, and resolves once its bytes outlast a power failure; its name may not. */
export async function writeDurably(path: string, contents: Uint8Array): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(contents);
    await file.sync();
  } finally {
    await file.close();
  }
}
