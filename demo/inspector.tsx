import { signal } from "@preact/signals";
import type { Registered } from "daprlet";
import { useEffect } from "preact/hooks";
import { session } from "./session.ts";

interface Metadata {
  readonly components?: readonly {
    readonly name: string;
    readonly type: string;
    readonly capabilities?: readonly string[];
  }[];
  readonly subscriptions?: readonly {
    readonly pubsubname: string;
    readonly topic: string;
    readonly rules?: readonly { readonly path?: string }[];
  }[];
  readonly extended?: Readonly<Record<string, string>>;
}

const metadata = signal<Metadata | undefined>(undefined);
const told = signal<{ readonly ok: boolean; readonly text: string } | undefined>(undefined);

async function refresh(): Promise<void> {
  const response = await fetch("/v1.0/metadata");
  if (response.ok) metadata.value = await response.json();
}

/** Runs one of the buttons and shows what it says, or why it failed. */
async function run(work: () => Promise<string>): Promise<void> {
  try {
    told.value = { ok: true, text: await work() };
  } catch (error) {
    told.value = { ok: false, text: error instanceof Error ? error.message : String(error) };
  }
  await refresh();
}

async function save(sidecar: Registered): Promise<string> {
  const file = await sidecar.exportState();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = "daprlet-state.jsonl";
  link.click();
  URL.revokeObjectURL(link.href);
  return `Exported ${file.size.toLocaleString()} bytes.`;
}

async function load(sidecar: Registered, file: File): Promise<string> {
  const imported = await sidecar.importState(file);
  return `Imported ${imported.map(({ component, records }) => `${records} records of ${component}`).join(", ")}.`;
}

async function end(sidecar: Registered): Promise<void> {
  try {
    await sidecar.unregister();
    session.ended.value = true;
  } catch (error) {
    told.value = { ok: false, text: String(error) };
  }
}

/** What the sidecar says of itself, and what can be done with all that it keeps. */
export function Inspector({ sidecar }: { readonly sidecar: Registered }) {
  useEffect(() => void refresh(), []);
  const { components, subscriptions, extended } = metadata.value ?? {};
  const shown = told.value;
  return (
    <section>
      <h2>Inside the sidecar</h2>
      <table>
        <thead>
          <tr>
            <th>Component</th>
            <th>Can</th>
            <th>Kept</th>
          </tr>
        </thead>
        <tbody>
          {components?.map(({ name, type, capabilities }) => (
            <tr key={name}>
              <td>
                {name}
                <br />
                <code>
                  {type.split(".", 1)}.<wbr />
                  {type.slice(type.indexOf(".") + 1)}
                </code>
              </td>
              <td>{capabilities?.map((word) => word.toLowerCase().replaceAll("_", " ")).join(", ")}</td>
              <td>{extended?.[`storage.${name}`]}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">
        {subscriptions?.map(({ topic, pubsubname, rules }) => (
          <span key={`${pubsubname} ${topic}`}>
            <code>
              {pubsubname}/{topic}
            </code>{" "}
            goes to <code>{rules?.map(({ path }) => path).join(", ")}</code>.{" "}
          </span>
        ))}
      </p>
      <p class="chips">
        <button type="button" onClick={refresh}>
          Refresh
        </button>
        <button
          type="button"
          onClick={() => run(async () => `The browser keeps it ${await sidecar.persist()}.`)}
        >
          Ask to persist
        </button>
        <button type="button" onClick={() => run(() => save(sidecar))}>
          Export all
        </button>
        <label class="button">
          Import
          <input
            type="file"
            onChange={({ currentTarget }) => {
              const [file] = currentTarget.files ?? [];
              if (file !== undefined) void run(() => load(sidecar, file));
              currentTarget.value = "";
            }}
          />
        </label>
        <button type="button" onClick={() => end(sidecar)}>
          Unregister
        </button>
      </p>
      {shown !== undefined && (
        <p data-testid="told" class={shown.ok ? "success" : "failure"}>
          {shown.text}
        </p>
      )}
    </section>
  );
}
