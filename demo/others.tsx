import { signal } from "@preact/signals";
import { addressOf, pubsubs, session } from "./session.ts";

const { relay } = session;
const answered = signal<string | undefined>(undefined);

async function invoke(appId: string): Promise<void> {
  const response = await fetch(`/v1.0/invoke/${appId}/method/greeting`);
  answered.value = `${appId} answered ${response.status}: ${await response.text()}`;
}

async function publish(): Promise<void> {
  const body = JSON.stringify({ from: session.appId, at: new Date().toLocaleTimeString() });
  const headers = { "content-type": "application/json" };
  const answers = await Promise.all(
    pubsubs.map((name) => fetch(`/v1.0/publish/${name}/greetings`, { method: "POST", headers, body })),
  );
  answered.value = pubsubs.map((name, i) => `published to ${name}: ${answers[i]?.status}`).join(", ");
}

export function Others() {
  const other = session.appId === "second-tab" ? "first-tab" : "second-tab";
  return (
    <section>
      <h2>Other apps</h2>
      <p class="chips">
        <button type="button" class="primary" onClick={() => window.open(addressOf(other), "_blank")}>
          Open {other}
        </button>
        <button type="button" onClick={() => invoke(other)}>
          Invoke {other}
        </button>
        <button type="button" onClick={publish}>
          Publish to everybody
        </button>
      </p>
      {answered.value !== undefined && <p data-testid="answered">{answered.value}</p>}
      {relay === undefined ? (
        <p class="hint">
          To join another browser or a Node app, start with <code>npm start</code>, which runs a relay.
        </p>
      ) : (
        <p class="hint">
          Joined through the relay <code>{relay}</code>: the Node app <code>node-app</code> is there (
          <button type="button" onClick={() => invoke("node-app")}>
            invoke it
          </button>
          ), and so is any other browser that opens <a href={addressOf("other-browser")}>this address</a>.
        </p>
      )}
      <h3>What this tab's app saw</h3>
      <ul class="seen" data-testid="seen">
        {session.received.value.map(({ at, text }) => (
          <li key={`${at.getTime()} ${text}`}>
            <time>{at.toLocaleTimeString()}</time> {text}
          </li>
        ))}
      </ul>
    </section>
  );
}
