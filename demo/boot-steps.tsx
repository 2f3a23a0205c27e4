import { session } from "./session.ts";

export function BootSteps() {
  const steps = session.steps.value;
  const total = steps.reduce((sum, { ms }) => sum + ms, 0);
  return (
    <section class="boot" aria-label="Start">
      <ol>
        {steps.map(({ name, ms }) => (
          <li key={name}>
            <span>{name}</span> <em>{ms.toFixed(0)} ms</em>
          </li>
        ))}
      </ol>
      {session.ready.value ? (
        <p data-testid="ready">Ready in {total.toFixed(0)} ms.</p>
      ) : (
        session.failure.value === undefined && <p>Starting…</p>
      )}
      {session.note.value !== undefined && <p class="note">{session.note.value}</p>}
    </section>
  );
}
