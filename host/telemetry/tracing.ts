import type {
  AttributeValue,
  FinishedSpan,
  SpanKind,
  SpanStatus,
} from "../components/exporters/span-exporter.ts";
import type { Core } from "../core/core.ts";
import { type Headers, header } from "../http.ts";
import type { Platform } from "../platform.ts";
import { sampledByRate } from "./sampling.ts";

/** What a span says when it has ended. */
export interface SpanDescription {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Iterable<readonly [string, AttributeValue | undefined]>;
  readonly status: SpanStatus;
}

export interface TracingOptions {
  /** Of the traces that begin here, 0 to 1; who calls with a trace has decided for it. */
  readonly rate: number;
  readonly core: Core;
  readonly platform: Platform;
  /** Takes what ended. */
  record(span: FinishedSpan): void;
}

/** 16 for the id of a trace, 8 for that of a span. */
const bytesOfHop = 24;
const correlationHeader = "x-correlation-id";
/** Spans wait for their exporters: what callers write into them must not take the memory. */
const longestText = 1_024;

/** The trace context of W3C, hop by hop, and what is recorded of the hops. */
export class Tracing {
  readonly rate: number;
  readonly #options: TracingOptions;
  /** Span ids of hops under way → their correlation: who calls from within one belongs to it. */
  readonly #correlations = new Map<string, string>();
  readonly #drawn = new Uint8Array(64 * bytesOfHop);
  #taken = this.#drawn.length;
  /** Between the clock, which knows no fractions of a millisecond, and the one that does. */
  #offset = 0;

  constructor(options: TracingOptions) {
    this.#options = options;
    this.rate = options.rate;
  }

  /** The bytes that a new hop takes: drawn for many at once, which costs hardly more than for one. */
  #random(): Uint8Array {
    if (this.#taken === this.#drawn.length) {
      this.#options.platform.random(this.#drawn);
      this.#taken = 0;
    }
    this.#taken += bytesOfHop;
    return this.#drawn.subarray(this.#taken - bytesOfHop, this.#taken);
  }

  /** A hop of what carries these headers: the child of their `traceparent`, else the first of a trace. */
  begin(headers: Headers): Hop {
    const { core } = this.#options;
    const parent = header(headers, "traceparent");
    const context = core.traceparent(parent, this.#random());
    const traceId = context.slice(3, 35);
    const child = parent !== undefined && parent.slice(3, 35) === traceId;
    const sampled = child ? (Number(context[54]) & 1) === 1 : sampledByRate(traceId, this.rate);
    const parentId = child ? parent.slice(36, 52) : undefined;
    const correlation =
      header(headers, correlationHeader) ?? (parentId && this.#correlations.get(parentId)) ?? undefined;
    const hop = new Hop(this, {
      traceparent: child ? context : `${context.slice(0, 53)}${sampled ? "01" : "00"}`,
      parentId,
      tracestate: child ? (header(headers, "tracestate") ?? "") : "",
      correlation,
      start: sampled ? this.now() : undefined,
    });
    if (correlation !== undefined) this.#correlations.set(hop.spanId, correlation);
    return hop;
  }

  /** Milliseconds since the epoch, with a fraction where the platform has one. */
  now(): number {
    const { clock } = this.#options.platform;
    const now = clock.now();
    if (clock.monotonic === undefined) return now;
    const exact = clock.monotonic() + this.#offset;
    // The machine's time was set, or it slept.
    if (Math.abs(exact - now) < 2) return exact;
    this.#offset += now - exact;
    return now;
  }

  /** A hop has ended. */
  end(hop: Hop, span: FinishedSpan | undefined): void {
    if (hop.correlation !== undefined) this.#correlations.delete(hop.spanId);
    if (span !== undefined) this.#options.record(span);
  }
}

interface HopContext {
  readonly traceparent: string;
  readonly parentId: string | undefined;
  readonly tracestate: string;
  readonly correlation: string | undefined;
  /** Undefined: nothing is recorded. */
  readonly start: number | undefined;
}

/** One hop of a trace, sampled or not. */
export class Hop {
  readonly #tracing: Tracing;
  readonly #context: HopContext;

  constructor(tracing: Tracing, context: HopContext) {
    this.#tracing = tracing;
    this.#context = context;
  }

  get traceparent(): string {
    return this.#context.traceparent;
  }

  /** Empty without one. */
  get tracestate(): string {
    return this.#context.tracestate;
  }

  /** The book's `X-Correlation-ID`: what came with it, or what the hop was called from within. */
  get correlation(): string | undefined {
    return this.#context.correlation;
  }

  get spanId(): string {
    return this.#context.traceparent.slice(36, 52);
  }

  /** The headers as they go on from here. */
  onward(headers: Headers): Headers {
    const { traceparent, tracestate, correlation } = this.#context;
    const kept = ["traceparent", traceparent];
    if (tracestate !== "") kept.push("tracestate", tracestate);
    if (correlation !== undefined) kept.push(correlationHeader, correlation);
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      if (name === "traceparent" || name === "tracestate" || name === correlationHeader) continue;
      kept.push(name, headers[i + 1] as string);
    }
    return kept;
  }

  /** Called once. `describe` is asked only where the hop is recorded. */
  end(describe: () => SpanDescription): void {
    const { traceparent, parentId, tracestate, correlation, start } = this.#context;
    if (start === undefined) {
      this.#tracing.end(this, undefined);
      return;
    }
    const { name, kind, attributes, status } = describe();
    const said = new Map<string, AttributeValue>();
    const say = (key: string, value: AttributeValue) =>
      said.set(key, typeof value === "string" ? value.slice(0, longestText) : value);
    for (const [key, value] of attributes) if (value !== undefined) say(key, value);
    if (correlation !== undefined) say(`http.request.header.${correlationHeader}`, correlation);
    this.#tracing.end(this, {
      traceId: traceparent.slice(3, 35),
      spanId: this.spanId,
      parentId,
      tracestate,
      name: name.slice(0, longestText),
      kind,
      start,
      end: this.#tracing.now(),
      attributes: said,
      status,
    });
  }
}
