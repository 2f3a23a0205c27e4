import { render } from "preact";
import { acceptDrops, DropZone } from "./drop-zone.tsx";
import { GrantDialog } from "./grant-dialog.tsx";
import { PackageCard } from "./package-card.tsx";
import { boot, session } from "./session.ts";

function Page() {
  const { scope, failure, loaded, asking } = session;
  return (
    <main>
      <header>
        <h1>Packages that you need not trust</h1>
        <p>
          A package of WebAssembly, from anyone. It tells what it asks for, you say what it gets, and this
          page lends it a worker, which is ended when its time is over. Its service worker keeps what you add,
          and has this page run it without a network. <a href="../index.html">The rest of the sidecar</a>
        </p>
      </header>
      {failure.value !== undefined && <p class="failure">This page cannot run packages: {failure.value}</p>}
      {scope.value === undefined && failure.value === undefined && <p>Starting…</p>}
      {scope.value !== undefined && (
        <>
          <DropZone />
          <div class="columns cards">
            {loaded.value.map((one) => (
              <PackageCard key={one.name} package={one} />
            ))}
          </div>
        </>
      )}
      {asking.value !== undefined && <GrantDialog package={asking.value} />}
    </main>
  );
}

const root = document.getElementById("root");
if (root !== null) render(<Page />, root);
acceptDrops();
void boot();
