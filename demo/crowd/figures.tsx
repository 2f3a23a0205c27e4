import type { Crowd } from "./crowd.ts";
import { session } from "./session.ts";
import { colourOf, nodeNumber } from "./tab.ts";

const nameOf = (tab: number) => (tab === nodeNumber ? "Node" : `tab ${tab}`);

/** Which tab has which colour, and how many actors. */
export function Legend({ tab: own }: { readonly tab: number }) {
  const owners = [...(session.numbers.value?.owners ?? [])].sort(([a], [b]) => a - b);
  return (
    <ul class="legend" data-testid="owners">
      {owners.map(([tab, count]) => (
        <li key={tab} class={tab === own ? "own" : ""} data-tab={tab} data-count={count}>
          <i style={{ background: colourOf(tab) }} />
          {tab === own ? `this tab (${tab})` : nameOf(tab)} <b>{count}</b>
        </li>
      ))}
    </ul>
  );
}

export function Figures() {
  const numbers = session.numbers.value;
  if (numbers === undefined) return null;
  const { rate, waiting, longest, failed, repeated, lastFailure, version, sum } = numbers;
  const figures: readonly (readonly [name: string, shown: string])[] = [
    ["calls/s", rate.toFixed(0)],
    ["waiting now", String(waiting)],
    ["failed", String(failed)],
    ["longest wait", `${(longest / 1_000).toFixed(longest < 1_000 ? 2 : 1)} s`],
    ["counted by all", String(sum)],
    ["table", version],
    ...(repeated > 0 ? [["asked again", String(repeated)] as const] : []),
  ];
  return (
    <>
      <dl class="figures">
        {figures.map(([name, shown]) => (
          <div key={name} class={name === "failed" && failed > 0 ? "failure" : ""}>
            <dt>{name}</dt>
            <dd data-testid={name}>{shown}</dd>
          </div>
        ))}
      </dl>
      {failed > 0 && <p class="failure">{lastFailure}</p>}
      {repeated > 0 && failed === 0 && (
        <p class="hint">
          Asked again, and counted once, because the actor's tab went, or stood still, in the middle of a
          turn: {lastFailure}
        </p>
      )}
    </>
  );
}

/** What is known of the actor under the pointer. */
export function Pointed({ crowd }: { readonly crowd: Crowd }) {
  const id = session.pointed.value;
  const told = id === undefined ? undefined : crowd.cells[id]?.told;
  return (
    <p class="hint">
      {id === undefined
        ? "Click an actor to call it."
        : `Actor ${id}: ${told === undefined ? "not heard of yet" : `lives in ${nameOf(told.tab)}, has counted ${told.count}`}.`}
    </p>
  );
}
