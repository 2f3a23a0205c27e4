import type { ShownProject } from "daprlet/lent";
import { range } from "./projects.ts";
import { results } from "./results.ts";
import { lie, session, stop } from "./session.ts";
import { UnitMap } from "./unit-map.tsx";

/** What the accepted ranges have in all. */
function Primes({ units }: { readonly units: number }) {
  const found = results.value.get("primes") ?? new Map<number, Uint8Array>();
  let count = 0;
  for (const bytes of found.values()) count += JSON.parse(new TextDecoder().decode(bytes)).count;
  return (
    <p>
      <b>{count.toLocaleString("en")}</b> primes in {(found.size * range).toLocaleString("en")} of{" "}
      {(units * range).toLocaleString("en")} numbers
    </p>
  );
}

/** What one is asked, or what one lends. */
function Lend({ project }: { readonly project: ShownProject }) {
  const lending = session.lending.value.get(project.name);
  if (lending === undefined) {
    return (
      <p class="chips">
        <button type="button" class="primary" onClick={() => (session.asking.value = project)}>
          Contribute
        </button>
      </p>
    );
  }
  return (
    <p class="chips">
      <button type="button" onClick={() => stop(project)}>
        Stop
      </button>
      <label class="lie">
        <input type="checkbox" checked={lending.lies} onChange={() => lie(project, !lending.lies)} />
        make results up, to see what becomes of them
      </label>
    </p>
  );
}

/** A project: what it is, how far it is, who takes part. */
export function ProjectCard({ project }: { readonly project: ShownProject }) {
  const { name, title, description, accepted, units, perMinute, results, disagreements, disputed, workers } =
    project;
  const working = workers.filter((worker) => worker.active).length;
  const figures: readonly (readonly [string, number | string, string])[] = [
    ["units accepted", `${accepted} of ${units}`, "accepted"],
    ["in the last minute", perMinute, "rate"],
    ["visitors at work", working, "working"],
    ["results", results, "results"],
    ["that were not the same", disagreements, "disagreements"],
    ...(disputed > 0 ? [["units given up", disputed, "disputed"] as const] : []),
  ];
  return (
    <section class="project" data-testid={`project ${name}`}>
      <h2>{title}</h2>
      <p>{description}</p>
      <Lend project={project} />
      <UnitMap project={project} />
      {name === "primes" && <Primes units={units} />}
      <dl class="figures">
        {figures.map(([what, value, id]) => (
          <div key={id}>
            <dt>{what}</dt>
            <dd data-testid={id}>{value}</dd>
          </div>
        ))}
      </dl>
      {workers.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>visitor</th>
              <th>credit</th>
              <th>disagreed</th>
              <th>now</th>
            </tr>
          </thead>
          <tbody>
            {workers
              .toSorted((a, b) => b.units - a.units)
              .slice(0, 10)
              .map(({ worker, units, disagreed, active }) => (
                <tr key={worker} data-testid={worker} class={worker === session.visitor ? "own" : ""}>
                  <td>
                    {worker}
                    {worker === session.visitor && " (you)"}
                  </td>
                  <td data-testid="credit">{units}</td>
                  <td data-testid="disagreed" class={disagreed > 0 ? "failure" : ""}>
                    {disagreed}
                  </td>
                  <td>{active ? "at work" : ""}</td>
                </tr>
              ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
