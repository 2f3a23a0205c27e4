import { signal } from "@preact/signals";
import type { SpanBatch } from "daprlet/worker";
import { session } from "./session.ts";

/** A span, and whose sidecar it ended at. */
export type HeardSpan = SpanBatch["spans"][number] & { readonly appId: string };

/** What was heard of one call so far, in the order in which it began. */
export interface Trace {
  readonly id: string;
  readonly spans: readonly HeardSpan[];
}

/** More are forgotten, the oldest first. */
const most = 30;

/** The traces that this tab's app has a part in, the newest first. */
export const traces = signal<readonly Trace[]>([]);
/** By trace id. A tab hears all apps of its browser, and the span of another one may come before its own. */
const heard = new Map<string, HeardSpan[]>();

const began = ({ spans }: Trace) => spans[0]?.start ?? 0;

/** Listens to the component `traces`; spans come in batches, within a second or two of the call. */
export function listen(): void {
  new BroadcastChannel("traces").onmessage = ({ data }: MessageEvent<SpanBatch>) => {
    for (const span of data.spans) {
      const spans = heard.get(span.traceId) ?? [];
      spans.push({ ...span, appId: data.appId });
      heard.set(span.traceId, spans);
    }
    const found = [...heard].map(([id, spans]) => ({
      id,
      spans: spans.toSorted((a, b) => a.start - b.start),
    }));
    const newest = found.sort((a, b) => began(b) - began(a)).slice(0, most);
    for (const { id } of found.slice(most)) heard.delete(id);
    traces.value = newest.filter(({ spans }) => spans.some(({ appId }) => appId === session.appId));
  };
}

/** Each span below the one that it is a part of, with its depth. */
export function nested({ spans }: Trace): readonly (readonly [HeardSpan, number])[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const under = (parent: string | undefined, depth: number): (readonly [HeardSpan, number])[] =>
    spans
      .filter(
        ({ parentId }) => (parentId !== undefined && known.has(parentId) ? parentId : undefined) === parent,
      )
      .flatMap((span) => [[span, depth] as const, ...under(span.spanId, depth + 1)]);
  return under(undefined, 0);
}
