import { type HeardSpan, nested, type Trace, traces } from "./heard-traces.ts";

const correlation = "http.request.header.x-correlation-id";
const took = ({ start, end }: { readonly start: number; readonly end: number }) =>
  `${(end - start).toFixed(1)} ms`;

/** As the caller knows it: an answer's status, or how it ended. */
function Status({ span }: { readonly span: HeardSpan }) {
  const { attributes, status } = span;
  return (
    <strong class={status.code === "error" ? "failure" : "success"}>
      {attributes.get("dapr.status_code") ?? status.code}
    </strong>
  );
}

function Facts({ span }: { readonly span: HeardSpan }) {
  const { appId, spanId, parentId, status, attributes } = span;
  const facts: (readonly [string, unknown])[] = [
    ["sidecar of", appId],
    ["span", spanId],
    ["parent", parentId],
    ["failure", status.message],
    ...attributes,
  ];
  return (
    <dl>
      {facts
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{String(value)}</dd>
          </div>
        ))}
    </dl>
  );
}

function Waterfall({ trace }: { readonly trace: Trace }) {
  const { id, spans } = trace;
  const from = Math.min(...spans.map(({ start }) => start));
  const length = Math.max(...spans.map(({ end }) => end)) - from || 1;
  const correlated = spans.find(({ attributes }) => attributes.has(correlation))?.attributes.get(correlation);
  return (
    <div class="waterfall">
      <p class="hint">
        Trace <code>{id}</code>
        {correlated !== undefined && (
          <>
            , correlation <code>{correlated}</code>
          </>
        )}
      </p>
      {nested(trace).map(([span, depth]) => (
        <details key={span.spanId} data-testid="span">
          <summary>
            <span class="name" style={{ paddingInlineStart: `${Math.min(depth, 6) * 0.75}rem` }}>
              {span.name}{" "}
              <em>
                {span.kind}, {span.appId}
              </em>
            </span>
            <span class="track">
              <i
                class={span.status.code === "error" ? "failed" : undefined}
                style={{
                  left: `${((span.start - from) / length) * 100}%`,
                  width: `${((span.end - span.start) / length) * 100}%`,
                }}
              />
            </span>
            <em>{took(span)}</em>
          </summary>
          <Facts span={span} />
        </details>
      ))}
    </div>
  );
}

/** The calls of this tab's app, each with the spans that sidecars of this browser recorded of it. */
export function Traces() {
  return (
    <section class="traces" aria-label="Traces">
      <h2>Traces of its calls</h2>
      {traces.value.length === 0 && <p class="hint">None yet. A span shows up within a second or two.</p>}
      <ul>
        {traces.value.map((trace) => {
          const [first] = trace.spans;
          if (first === undefined) return null;
          return (
            <li key={trace.id}>
              <details data-testid="trace">
                <summary>
                  <time>{new Date(first.start).toLocaleTimeString()}</time>
                  <span class="name">{first.attributes.get("dapr.api") ?? first.name}</span>
                  <Status span={first} />
                  <em>{trace.spans.length === 1 ? "1 span" : `${trace.spans.length} spans`}</em>
                  <em>{took(first)}</em>
                </summary>
                <Waterfall trace={trace} />
              </details>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
