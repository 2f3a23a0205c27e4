import { OperationForm } from "./operation-form.tsx";
import { type Loaded, remove } from "./session.ts";

const faults: Readonly<Record<string, string>> = {
  deadline: "ended at the deadline",
  trap: "ended for what it did",
  refused: "refused",
};

const inMebibytes = (bytes: number) => `${Math.round((bytes / 2 ** 20) * 10) / 10} MiB`;

/** A package that is loaded: what it costs, what became of it, and its operations. */
export function PackageCard({ package: one }: { readonly package: Loaded }) {
  const { name, version, description, measured, modules, limits, refused, offers } = one;
  const memory = modules.reduce((sum, module) => sum + module.memory, 0);
  const others = offers.filter(({ kind }) => kind !== "http").map(({ kind }) => kind);
  return (
    <section class="package" data-testid={`package ${name}`}>
      <h2>
        {name} <em>{version}</em>
        <button type="button" onClick={() => remove(name)}>
          Take away
        </button>
      </h2>
      <p>{description}</p>
      <dl class="figures">
        <div>
          <dt>calls</dt>
          <dd data-testid="calls">{measured.calls}</dd>
        </div>
        <div>
          <dt>a call, mean</dt>
          <dd>{measured.meanMs.toFixed(1)} ms</dd>
        </div>
        <div>
          <dt>slowest, of {limits.timeMs} ms</dt>
          <dd>{measured.slowestMs.toFixed(1)} ms</dd>
        </div>
        <div>
          <dt>workers now, of {limits.concurrency}</dt>
          <dd>
            {measured.instances} <small>({measured.started} started)</small>
          </dd>
        </div>
        <div>
          <dt>memory of each, at most</dt>
          <dd>{inMebibytes(memory)}</dd>
        </div>
        {Object.entries(measured.faults).map(([fault, count]) => (
          <div key={fault} class="failure">
            <dt>{faults[fault] ?? fault}</dt>
            <dd data-testid={fault}>{count}</dd>
          </div>
        ))}
        {measured.refusedCalls > 0 && (
          <div class="failure">
            <dt>tried without being allowed</dt>
            <dd>{measured.refusedCalls}</dd>
          </div>
        )}
      </dl>
      {refused.length > 0 && <p class="note">Refused: {refused.join(", ")}</p>}
      {others.length > 0 && <p class="hint">It offers besides: {others.join(", ")}</p>}
      {offers.flatMap(({ operations = [] }) =>
        operations.map((operation) => (
          <OperationForm key={`${operation.method} ${operation.path}`} name={name} operation={operation} />
        )),
      )}
    </section>
  );
}
