/**
 * Asks the browser not to evict this origin's data under pressure. For pages: workers cannot ask. Some browsers put
 * the question to the person, so it waits for a gesture (a click, a key) where there has been none yet. Answers what
 * the browser granted; rejects with the signal's reason when it aborts while waiting.
 */
export async function persist(signal?: AbortSignal): Promise<"persistent" | "best-effort"> {
  const { storage, userActivation } = navigator;
  if (storage?.persist === undefined) return "best-effort";
  if (await storage.persisted()) return "persistent";
  if (userActivation !== undefined && !userActivation.isActive) await gesture(signal);
  return (await storage.persist()) ? "persistent" : "best-effort";
}

function gesture(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const heard = new AbortController();
    const options = { capture: true, signal: heard.signal };
    const done = () => {
      heard.abort();
      resolve();
    };
    // `pointerup`, not `pointerdown`: the latter is no activation by touch.
    document.addEventListener("pointerup", done, options);
    document.addEventListener("keydown", done, options);
    signal?.addEventListener(
      "abort",
      () => {
        heard.abort();
        reject(signal.reason);
      },
      { once: true, signal: heard.signal },
    );
  });
}
