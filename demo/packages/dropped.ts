import { type PackageFile, packageOf, unpack } from "daprlet/packages";

type Found = Map<string, Uint8Array<ArrayBuffer>>;

const bytesOf = async (file: Blob) => new Uint8Array(await file.arrayBuffer());

/** Files that a user chose: one that was packed, or those of a folder. */
export async function chosen(files: readonly File[]): Promise<PackageFile> {
  const [first] = files;
  if (files.length === 1 && first !== undefined) return await unpack(first);
  const found: Found = new Map();
  for (const file of files) found.set(file.webkitRelativePath || file.name, await bytesOf(file));
  return await packageOf(found);
}

async function walk(entry: FileSystemEntry, found: Found): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    found.set(entry.fullPath.slice(1), await bytesOf(file));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives a hundred at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return;
    for (const one of some) await walk(one, found);
  }
}

/** What was dropped: a folder, a packed file, or a folder's files. Its entries must be taken before anything is waited for. */
export async function dropped(transfer: DataTransfer): Promise<PackageFile> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const files = [...transfer.files];
  if (!entries.some(({ isDirectory }) => isDirectory)) return await chosen(files);
  const found: Found = new Map();
  for (const entry of entries) await walk(entry, found);
  return await packageOf(found);
}
