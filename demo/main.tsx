import { render } from "preact";
import { boot } from "./boot.ts";
import { BootSteps } from "./boot-steps.tsx";
import { Calls } from "./calls.tsx";
import { Counter } from "./counter.tsx";
import { Inspector } from "./inspector.tsx";
import { Others } from "./others.tsx";
import { Seen } from "./seen.tsx";
import { session } from "./session.ts";
import { StoredState } from "./stored.tsx";
import { Traces } from "./traces.tsx";

function Page() {
  const { appId, sidecar, ended } = session;
  if (ended.value) {
    return (
      <main>
        <h1>Nothing of it is left in this browser</h1>
        <p>
          The worker, its databases and the patched <code>fetch()</code> are gone.{" "}
          <a href={location.href}>Begin anew</a>.
        </p>
      </main>
    );
  }
  const where = sidecar.value?.door === "page" ? "runs in this very page" : "is a service worker";
  return (
    <main>
      <header>
        <h1>
          <code>fetch('/v1.0/…')</code> answered inside this page
        </h1>
        <p>
          This tab is the Dapr app <strong data-testid="app-id">{appId}</strong>. Its sidecar {where}: no
          daemon, no Docker, no network. Open your browser's network panel and try it, or see{" "}
          <a href="./actors.html">a thousand actors move among your tabs</a>,{" "}
          <a href="./packages/">packages that you need not trust</a>,{" "}
          <a href="./wasm/">a web server of Wasm</a> and <a href="./lent/">work that you lend a hand with</a>.
        </p>
      </header>
      <BootSteps />
      {sidecar.value !== undefined && (
        <>
          <Calls />
          <Traces />
          <div class="columns cards">
            <Others />
            <Seen />
            <Counter />
            <StoredState />
            <Inspector sidecar={sidecar.value} />
          </div>
        </>
      )}
    </main>
  );
}

const root = document.getElementById("root");
if (root !== null) render(<Page />, root);
void boot();
