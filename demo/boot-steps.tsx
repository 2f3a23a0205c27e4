import { session } from "./session.ts";

export function BootSteps() {
  const steps = session.steps.value;
  const sidecar = session.sidecar.value;
  const failure = session.failure.value;
  const total = steps.reduce((sum, { ms }) => sum + ms, 0);
  return (
    <section class="boot" aria-label="Start">
      <ol>
        {steps.map(({ name, ms }) => (
          <li key={name}>
            {name} <em>{ms.toFixed(0)} ms</em>
          </li>
        ))}
      </ol>
      {sidecar !== undefined && <p data-testid="ready">Ready in {total.toFixed(0)} ms.</p>}
      {sidecar === undefined && failure === undefined && <p>Starting…</p>}
      {sidecar?.note !== undefined && <p class="note">{sidecar.note}</p>}
      {failure !== undefined && <p class="failure">The sidecar did not start: {failure}</p>}
    </section>
  );
}
