import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

interface Metadata {
  readonly id: string;
  readonly runtimeVersion: string;
  readonly components?: readonly {
    name: string;
    type: string;
    version: string;
    capabilities?: readonly string[];
  }[];
  readonly subscriptions?: readonly {
    pubsubname: string;
    topic: string;
    rules?: readonly { path?: string }[];
  }[];
  readonly extended?: Readonly<Record<string, string>>;
}

const metadata = signal<Metadata | undefined>(undefined);

async function refresh(): Promise<void> {
  const response = await fetch("/v1.0/metadata");
  if (response.ok) metadata.value = await response.json();
}

/** What the sidecar says of itself: components with what they can, subscriptions, where data is kept. */
export function Inspector() {
  useEffect(() => {
    void refresh();
  }, []);
  const shown = metadata.value;
  return (
    <section>
      <h2>
        Inside the sidecar{" "}
        <button type="button" onClick={refresh}>
          Refresh
        </button>
      </h2>
      {shown !== undefined && (
        <div class="columns">
          <table>
            <thead>
              <tr>
                <th>Component</th>
                <th>Type</th>
                <th>Can</th>
              </tr>
            </thead>
            <tbody>
              {shown.components?.map(({ name, type, capabilities }) => (
                <tr key={name}>
                  <td>{name}</td>
                  <td>{type}</td>
                  <td>{capabilities?.join(", ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <table>
            <thead>
              <tr>
                <th>Topic</th>
                <th>of</th>
                <th>goes to</th>
              </tr>
            </thead>
            <tbody>
              {shown.subscriptions?.map(({ topic, pubsubname, rules }) => (
                <tr key={`${pubsubname} ${topic}`}>
                  <td>{topic}</td>
                  <td>{pubsubname}</td>
                  <td>{rules?.map(({ path }) => path).join(", ")}</td>
                </tr>
              ))}
              {Object.entries(shown.extended ?? {}).map(([name, value]) => (
                <tr key={name} class="extended">
                  <td colSpan={2}>{name}</td>
                  <td>{value}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
