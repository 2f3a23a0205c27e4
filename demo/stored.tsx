import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { pretty, summary } from "./answer.ts";

interface Stored {
  readonly key: string;
  readonly data: unknown;
  readonly etag?: string;
}

/** Items on one page of the list. */
const limit = 8;
const found = signal<readonly Stored[]>([]);
/** Tokens of the pages before the one that is shown. */
const pages = signal<readonly string[]>([]);
const next = signal<string | undefined>(undefined);
const failure = signal<string | undefined>(undefined);
const filter = signal("");

async function look(before: readonly string[]): Promise<void> {
  const token = before.at(-1);
  const query = {
    ...(filter.value.trim() !== "" && { filter: JSON.parse(filter.value) }),
    page: { limit, ...(token !== undefined && { token }) },
  };
  const response = await fetch("/v1.0-alpha1/state/statestore/query", {
    method: "POST",
    body: JSON.stringify(query),
  });
  if (!response.ok) throw new Error(await summary(response));
  const page = response.status === 204 ? {} : await response.json();
  found.value = page.results ?? [];
  next.value = page.token;
  pages.value = before;
}

async function show(before: readonly string[]): Promise<void> {
  try {
    await look(before);
    failure.value = undefined;
  } catch (error) {
    failure.value = error instanceof Error ? error.message : String(error);
  }
}

async function remove(key: string): Promise<void> {
  await fetch(`/v1.0/state/statestore/${encodeURIComponent(key)}`, { method: "DELETE" });
  await show(pages.value);
}

/** What this app keeps in its state store, found by the query API. */
export function StoredState() {
  useEffect(() => void show([]), []);
  return (
    <section>
      <h2>What it keeps</h2>
      <form
        class="line"
        onSubmit={(event) => {
          event.preventDefault();
          void show([]);
        }}
      >
        <input
          aria-label="filter"
          placeholder={'filter, such as { "EQ": { "kind": "dog" } }'}
          value={filter}
          onInput={(event) => (filter.value = event.currentTarget.value)}
        />
        <button type="submit">Look</button>
      </form>
      {failure.value !== undefined && <p class="failure">{failure.value}</p>}
      <table data-testid="stored">
        <tbody>
          {found.value.map(({ key, data, etag }) => (
            <tr key={key}>
              <td>
                <code title={etag === undefined ? undefined : `ETag ${etag}`}>{key}</code>
              </td>
              <td>
                <code>{pretty(JSON.stringify(data))}</code>
              </td>
              <td>
                <button type="button" aria-label={`Delete ${key}`} onClick={() => remove(key)}>
                  ×
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.value.length === 0 && failure.value === undefined && <p class="hint">Nothing that matches.</p>}
      <p class="chips">
        {pages.value.length > 0 && (
          <button type="button" onClick={() => show(pages.value.slice(0, -1))}>
            Back
          </button>
        )}
        {next.value !== undefined && (
          <button type="button" onClick={() => show([...pages.value, next.value as string])}>
            More
          </button>
        )}
      </p>
    </section>
  );
}
