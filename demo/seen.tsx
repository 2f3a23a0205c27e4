import { session } from "./session.ts";

/** The calls and events that this tab's app was given, the newest first. */
export function Seen() {
  const received = session.received.value;
  return (
    <section>
      <h2>What this tab's app was given</h2>
      <p class="hint">
        It is a Hono app, subscribed to the topic <code>greetings</code>; the Node app runs the same code.
      </p>
      <ul class="seen" data-testid="seen">
        {received.map(({ at, by, text }, i) => (
          <li key={received.length - i}>
            <time>{at.toLocaleTimeString()}</time> <b>{by}</b> {text}
          </li>
        ))}
      </ul>
      {received.length === 0 && <p class="hint">Nothing yet: publish or invoke something.</p>}
    </section>
  );
}
