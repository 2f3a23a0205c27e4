import { signal } from "@preact/signals";
import { pretty } from "./answer.ts";
import { session } from "./session.ts";

interface Example {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly headers?: string;
  readonly body?: string;
}

const examples: readonly Example[] = [
  {
    name: "Save state",
    method: "POST",
    url: "/v1.0/state/statestore",
    body: '[{ "key": "pet", "value": { "kind": "dog", "name": "bono" } }]',
  },
  { name: "Get state", method: "GET", url: "/v1.0/state/statestore/pet" },
  { name: "Delete state", method: "DELETE", url: "/v1.0/state/statestore/pet" },
  {
    name: "Save with a stale ETag",
    method: "POST",
    url: "/v1.0/state/statestore",
    body: '[{ "key": "pet", "value": "cat", "etag": "stale", "options": { "concurrency": "first-write" } }]',
  },
  {
    name: "Get many",
    method: "POST",
    url: "/v1.0/state/statestore/bulk",
    body: '{ "keys": ["pet", "a", "missing"] }',
  },
  {
    name: "Transaction",
    method: "POST",
    url: "/v1.0/state/statestore/transaction",
    body: '{ "operations": [\n  { "operation": "upsert", "request": { "key": "a", "value": 1 } },\n  { "operation": "delete", "request": { "key": "pet" } }\n] }',
  },
  {
    name: "Query state",
    method: "POST",
    url: "/v1.0-alpha1/state/statestore/query",
    body: '{ "filter": { "EQ": { "kind": "dog" } }, "page": { "limit": 10 } }',
  },
  { name: "Invoke this tab", method: "GET", url: `/v1.0/invoke/${session.appId}/method/greeting` },
  { name: "Invoke the second tab", method: "GET", url: "/v1.0/invoke/second-tab/method/greeting" },
  { name: "Invoke the Node app", method: "GET", url: "/v1.0/invoke/node-app/method/greeting" },
  {
    name: "Publish",
    method: "POST",
    url: "/v1.0/publish/pubsub/greetings",
    headers: "content-type: application/json",
    body: '{ "message": "This is a test" }',
  },
  {
    name: "Invoke the second tab, which publishes",
    method: "POST",
    url: "/v1.0/invoke/second-tab/method/welcome",
    headers: "content-type: application/json\nx-correlation-id: visit-1",
    body: '{ "message": "Welcome" }',
  },
  {
    name: "Publish many",
    method: "POST",
    url: "/v1.0/publish/bulk/pubsub/greetings",
    body: '[\n  { "entryId": "1", "event": { "n": 1 }, "contentType": "application/json" },\n  { "entryId": "2", "event": { "n": 2 }, "contentType": "application/json" }\n]',
  },
  {
    name: "Take a lock",
    method: "POST",
    url: "/v1.0-alpha1/lock/locks",
    body: '{ "resourceId": "till", "lockOwner": "me", "expiryInSeconds": 30 }',
  },
  {
    name: "Set a setting",
    method: "POST",
    url: "/v1.0/configuration/settings",
    body: '[{ "key": "colour", "value": "green" }]',
  },
  { name: "Read settings", method: "GET", url: "/v1.0/configuration/settings" },
  { name: "As the book prints it", method: "GET", url: "http://localhost:3500/v1.0/metadata" },
];

const first = examples[0] as Example;
const method = signal(first.method);
const url = signal(first.url);
const headers = signal(first.headers ?? "");
const body = signal(first.body ?? "");

interface Answer {
  readonly status: string;
  readonly ok: boolean;
  readonly headers: string;
  readonly body: string;
  readonly ms: number;
}

const answer = signal<Answer | undefined>(undefined);

function choose(example: Example): void {
  method.value = example.method;
  url.value = example.url;
  headers.value = example.headers ?? "";
  body.value = example.body ?? "";
}

async function send(event: Event): Promise<void> {
  event.preventDefault();
  answer.value = undefined;
  const began = performance.now();
  const given = headers.value
    .split("\n")
    .filter((line) => line.includes(":"))
    .map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    });
  try {
    const response = await fetch(url.value, {
      method: method.value,
      headers: given,
      ...(body.value === "" || method.value === "GET" ? {} : { body: body.value }),
    });
    const text = await response.text();
    answer.value = {
      status: `${response.status} ${response.statusText}`.trim(),
      ok: response.ok,
      headers: [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n"),
      body: pretty(text),
      ms: performance.now() - began,
    };
  } catch (error) {
    const ms = performance.now() - began;
    answer.value = { status: "failed", ok: false, headers: "", body: String(error), ms };
  }
}

export function Calls() {
  const shown = answer.value;
  return (
    <section>
      <h2>Call it</h2>
      <p class="chips">
        {examples.map((example) => (
          <button type="button" key={example.name} onClick={() => choose(example)}>
            {example.name}
          </button>
        ))}
      </p>
      <div class="columns">
        <form onSubmit={send}>
          <div class="line">
            <select
              aria-label="method"
              value={method}
              onChange={(e) => (method.value = e.currentTarget.value)}
            >
              {["GET", "POST", "PUT", "DELETE", "PATCH"].map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
            <input aria-label="url" value={url} onInput={(e) => (url.value = e.currentTarget.value)} />
            <button type="submit" class="primary">
              Send
            </button>
          </div>
          <textarea
            aria-label="headers"
            rows={2}
            placeholder="headers, one a line"
            value={headers}
            onInput={(e) => (headers.value = e.currentTarget.value)}
          />
          <textarea
            aria-label="body"
            rows={6}
            placeholder="body"
            value={body}
            onInput={(e) => (body.value = e.currentTarget.value)}
          />
        </form>
        <output>
          {shown === undefined ? (
            <p class="hint">The answer appears here.</p>
          ) : (
            <>
              <p>
                <strong data-testid="status" class={shown.ok ? "success" : "failure"}>
                  {shown.status}
                </strong>{" "}
                <em>{shown.ms.toFixed(1)} ms</em>
              </p>
              <pre class="headers">{shown.headers}</pre>
              <pre data-testid="body">{shown.body}</pre>
              {shown.body === "" && <p class="hint">No body, as Dapr answers.</p>}
            </>
          )}
        </output>
      </div>
    </section>
  );
}
