import { useState } from "preact/hooks";
import { addressOf, post, session } from "./session.ts";

/** Requests of the web server: of this tab's, or of another's, where it answers through the relay. */
export function Writing() {
  const { appId, relay, answered } = session;
  const other = appId === "book-2" ? "book-1" : "book-2";
  const [author, setAuthor] = useState("Ada");
  const [text, setText] = useState("");
  const [to, setTo] = useState(appId);
  const shown = answered.value;
  return (
    <section>
      <h2>Write into the guest book</h2>
      <form
        class="writing"
        onSubmit={async (event) => {
          event.preventDefault();
          if (await post("notes", { author, text }, to)) setText("");
        }}
      >
        <label>
          Name <input value={author} required onInput={(event) => setAuthor(event.currentTarget.value)} />
        </label>
        <label>
          Note <input value={text} required onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <label>
          To{" "}
          <select value={to} onChange={(event) => setTo(event.currentTarget.value)}>
            <option value={appId}>the server in this tab ({appId})</option>
            {relay !== undefined && <option value={other}>{other}, in another browser</option>}
            {relay !== undefined && (
              <option value="book-on-node">book-on-node, the same module in Node</option>
            )}
          </select>
        </label>
        <p class="chips">
          <button type="submit" class="primary">
            POST /notes
          </button>
          <button type="button" onClick={() => void post("forever", {})}>
            Make it loop
          </button>
          <a class="button" href={addressOf(other)} target="_blank" rel="noopener">
            Open {other}
          </a>
        </p>
      </form>
      {shown !== undefined && (
        <p data-testid="answered" class={shown.ok ? "success" : "failure"}>
          {shown.text}
        </p>
      )}
      <p class="hint">
        Each note is written into this sidecar's state store and published as an event, which the servers of
        the other browsers take. A capability, which another author wrote, greets the writer.
      </p>
    </section>
  );
}
