/** Deletes every database of a scope. Connections of other pages close for it; one that will not is waited for. */
export async function eraseDatabases(prefix: string): Promise<void> {
  const all = await indexedDB.databases();
  await Promise.all(
    all
      .flatMap(({ name }) => (name?.startsWith(prefix) === true ? [name] : []))
      .map(
        (name) =>
          new Promise<void>((resolve, reject) => {
            const request = indexedDB.deleteDatabase(name);
            request.onsuccess = () => resolve();
            request.onerror = () => reject(request.error);
          }),
      ),
  );
}
