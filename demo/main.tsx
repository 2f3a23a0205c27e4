import { render } from "preact";
import { boot } from "./boot.ts";
import { BootSteps } from "./boot-steps.tsx";
import { Calls } from "./calls.tsx";
import { Counter } from "./counter.tsx";
import { Inspector } from "./inspector.tsx";
import { Others } from "./others.tsx";
import { session } from "./session.ts";

function Page() {
  const { appId, ready, failure } = session;
  return (
    <main>
      <header>
        <h1>
          <code>fetch('/v1.0/…')</code> — answered inside this page
        </h1>
        <p>
          This tab is the Dapr app <strong data-testid="app-id">{appId}</strong>. Its sidecar is a service
          worker: no daemon, no Docker, no network. Open your browser's network panel and try it.
        </p>
      </header>
      <BootSteps />
      {failure.value !== undefined && <p class="failure">{failure.value}</p>}
      {ready.value && (
        <>
          <Calls />
          <div class="columns">
            <Counter />
            <Others />
          </div>
          <Inspector />
        </>
      )}
    </main>
  );
}

const root = document.getElementById("root");
if (root !== null) render(<Page />, root);
void boot();
