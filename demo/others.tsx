import { signal } from "@preact/signals";
import { summary } from "./answer.ts";
import { addressOf, pubsubs, session } from "./session.ts";

const { relay } = session;
const answered = signal<{ readonly ok: boolean; readonly text: string } | undefined>(undefined);

async function invoke(appId: string): Promise<void> {
  const response = await fetch(`/v1.0/invoke/${appId}/method/greeting`);
  const text = `${appId} answered ${await summary(response)}`;
  answered.value = { ok: response.ok, text: response.ok ? text : `${text}. Is it open?` };
}

async function publish(): Promise<void> {
  const body = JSON.stringify({ from: session.appId, at: new Date().toLocaleTimeString() });
  const headers = { "content-type": "application/json" };
  const answers = await Promise.all(
    pubsubs.map(async (name) => {
      const response = await fetch(`/v1.0/publish/${name}/greetings`, { method: "POST", headers, body });
      return { ok: response.ok, text: `${name} answered ${await summary(response)}` };
    }),
  );
  answered.value = { ok: answers.every(({ ok }) => ok), text: answers.map(({ text }) => text).join(", ") };
}

/** The tab's ways to other apps: a second tab, and through the relay a Node app and other browsers. */
export function Others() {
  const other = session.appId === "second-tab" ? "first-tab" : "second-tab";
  const shown = answered.value;
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
        {relay !== undefined && (
          <button type="button" onClick={() => invoke("node-app")}>
            Invoke node-app
          </button>
        )}
        <button type="button" onClick={publish}>
          Publish to everybody
        </button>
      </p>
      {shown !== undefined && (
        <p data-testid="answered" class={shown.ok ? "success" : "failure"}>
          {shown.text}
        </p>
      )}
      {relay === undefined ? (
        <p class="hint">
          To join another browser or a Node app, start with <code>npm start</code>, which runs a relay.
        </p>
      ) : (
        <p class="hint">
          A second tab shares this browser's sidecar. The Node app <code>node-app</code> is joined through the
          relay <code>{relay}</code>, and so is any other browser on this machine that opens{" "}
          <a href={addressOf("other-browser")}>this address</a>.
        </p>
      )}
    </section>
  );
}
