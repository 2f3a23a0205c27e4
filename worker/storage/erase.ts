/** Deletes every database and every folder of a scope. Connections of other pages close for it; one that will not is waited for. */
export async function eraseStorage(prefix: string): Promise<void> {
  const all = await indexedDB.databases();
  const databases = all.flatMap(({ name }) => (name?.startsWith(prefix) === true ? [name] : []));
  await Promise.all([...databases.map(deleteDatabase), deleteFolders(encodeURIComponent(prefix))]);
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
}

async function deleteFolders(prefix: string): Promise<void> {
  // A browser that has none, or gives this page none, has kept nothing there.
  const root = await navigator.storage?.getDirectory?.().catch(() => undefined);
  if (root === undefined) return;
  for await (const name of root.keys()) {
    if (name.startsWith(prefix)) await root.removeEntry(name, { recursive: true });
  }
}
