import { render } from "preact";
import { Controls } from "./controls.tsx";
import { Figures, Legend, Pointed } from "./figures.tsx";
import { Grid } from "./grid.tsx";
import { boot, session } from "./session.ts";

const code = `class Cell {
  constructor({ state }) {
    this.state = state;
  }
  async count() {
    const count = ((await this.state.get("n")) ?? 0) + 1;
    this.state.set("n", count);
    return count; // once it is stored
  }
}
// in every tab
await serve({ appId: "crowd", actors: { Cell } });
// from any of them
await actor("Cell", "417").count();`;

function Page() {
  const crowd = session.crowd.value;
  const failure = session.failure.value;
  return (
    <main>
      <header>
        <h1>A thousand actors in your tabs</h1>
        <p>
          Each square is an actor, a plain class, alive in one tab at a time and in that tab's colour: it says
          itself where it is. Its number counts the calls of all tabs, and is kept. No placement service.{" "}
          <a href="./index.html">The rest of the sidecar</a>
        </p>
      </header>
      {failure !== undefined && <p class="failure">This tab cannot host actors: {failure}</p>}
      {crowd === undefined && failure === undefined && <p>Starting…</p>}
      {crowd !== undefined && (
        <>
          <section class="crowd">
            <Controls />
            <Legend tab={crowd.tab} />
            <Grid crowd={crowd} />
            <Pointed crowd={crowd} />
            <Figures />
          </section>
          <div class="columns cards">
            <section>
              <h2>What to try</h2>
              <ul>
                <li>
                  <b>Open another tab.</b> It takes its share, and all others stay where they are. Dim is who
                  has not yet said anew where it lives.
                </li>
                <li>
                  <b>Close one.</b> Its actors are elsewhere at once, with their counts.
                </li>
                <li>
                  <b>Freeze one</b> and look at another. Calls of its actors are framed, and wait. After six
                  seconds these live elsewhere, and the calls succeed. What the frozen tab would still write
                  is refused; once it is awake it takes its share again.
                </li>
                {session.relay !== undefined && (
                  <li>
                    <b>Add a Node instance.</b> Through the relay it takes its share, and so does this page in
                    another browser. Each has a store of its own, so an actor that moves there finds other
                    counts: those from here are back when it is.
                  </li>
                )}
              </ul>
            </section>
            <section>
              <h2>All that it takes</h2>
              <pre>{code}</pre>
            </section>
          </div>
        </>
      )}
    </main>
  );
}

const root = document.getElementById("root");
if (root !== null) render(<Page />, root);
void boot();
