import { effect } from "@preact/signals";
import { render } from "preact";
import { ConsentDialog } from "./consent-dialog.tsx";
import { ProjectCard } from "./project-card.tsx";
import { catchUp } from "./results.ts";
import { boot, session } from "./session.ts";

function Page() {
  const { failure, projects, asking, scope } = session;
  return (
    <main>
      <header>
        <h1>Work that you lend a hand with</h1>
        <p>
          None of these projects is trusted: what you lend is a confined worker, which computes and does
          nothing else. Nor are you: what counts is what two visitors have byte for byte the same. Open this
          page in another tab or browser to be the second one.{" "}
          <a href="../index.html">The rest of the sidecar</a>
        </p>
      </header>
      {failure.value !== undefined && <p class="failure">{failure.value}</p>}
      {scope.value === undefined && failure.value === undefined && <p>Starting…</p>}
      <div class="columns cards">
        {projects.value.map((project) => (
          <ProjectCard key={project.name} project={project} />
        ))}
      </div>
      {asking.value !== undefined && <ConsentDialog project={asking.value} />}
    </main>
  );
}

const root = document.getElementById("root");
if (root !== null) render(<Page />, root);
effect(() => {
  for (const project of session.projects.value) catchUp(project);
});
void boot();
