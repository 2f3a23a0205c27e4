import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

const path = "/v1.0/state/statestore";
const value = signal<number | undefined>(undefined);
const refused = signal<string | undefined>(undefined);

async function read(): Promise<{ count: number; etag: string | undefined }> {
  const response = await fetch(`${path}/counter`);
  if (response.status === 204) return { count: 0, etag: undefined };
  if (!response.ok) throw new Error(await response.text());
  return { count: await response.json(), etag: response.headers.get("etag") ?? undefined };
}

/** Reads, adds one, writes with the ETag it read; another tab's write in between is a 409 and a new try. */
async function count(): Promise<void> {
  for (;;) {
    const { count, etag } = await read();
    const item = { key: "counter", value: count + 1, etag, options: { concurrency: "first-write" } };
    const response = await fetch(path, { method: "POST", body: JSON.stringify([item]) });
    if (response.ok) {
      value.value = count + 1;
      return;
    }
    if (response.status !== 409) throw new Error(await response.text());
  }
}

const shown = (work: Promise<unknown>) =>
  work.then(
    () => (refused.value = undefined),
    (error) => (refused.value = String(error)),
  );

export function Counter() {
  useEffect(() => {
    void shown(read().then(({ count }) => (value.value = count)));
  }, []);
  return (
    <section>
      <h2>A counter that stays</h2>
      <p>
        <button type="button" class="primary" onClick={() => shown(count())}>
          Count
        </button>{" "}
        <strong class="big" data-testid="count">
          {value.value ?? "…"}
        </strong>
      </p>
      <p class="hint">
        Kept by <code>state.indexeddb</code> under an ETag. Reload the page, or stop the worker in your
        browser's developer tools (Application → Service workers → stop), and count on.
      </p>
      {refused.value !== undefined && <p class="failure">{refused.value}</p>}
    </section>
  );
}
