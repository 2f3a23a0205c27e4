import { render } from "preact";
import { boot, method, session } from "./session.ts";
import { Writing } from "./writing.tsx";

/** The web server's own page: the browser goes there, and the service worker has it answered by WebAssembly. */
function Book({ scope }: { readonly scope: string }) {
  const { notes } = session;
  const latest = notes.value[0]?.id ?? "none";
  const path = method("").slice(1);
  return (
    <section>
      <h2>The page that it serves</h2>
      <p class="hint">
        <code>/{path}</code>, in a frame of its own: what an app of Wasm sends has no hold on this site.
      </p>
      <iframe key={latest} title="Guest book" src={`${new URL(path, scope)}`} />
    </section>
  );
}

function Page() {
  const { scope, failure, appId } = session;
  return (
    <main>
      <header>
        <h1>A web server of WebAssembly, in this tab</h1>
        <p>
          <strong>{appId}</strong> is a module of WebAssembly, fetched as a file from a host of static files.
          It runs in a worker with a bound of memory and of time, behind a Dapr sidecar that keeps its state,
          brings it events and calls others for it. <a href="../index.html">The rest of the sidecar</a>
        </p>
      </header>
      {failure.value !== undefined && <p class="failure">The web server does not run: {failure.value}</p>}
      {scope.value === undefined && failure.value === undefined && <p>Starting…</p>}
      {scope.value !== undefined && (
        <div class="columns cards">
          <Writing />
          <Book scope={scope.value} />
        </div>
      )}
    </main>
  );
}

const root = document.getElementById("root");
if (root !== null) render(<Page />, root);
void boot();
