import type { Meter, Series } from "./meter.ts";
import type { PathLabel } from "./path-label.ts";

interface Exchange {
  readonly method: string;
  readonly status: number;
  readonly series: Series;
}

/** Of what is counted before there is an answer. */
export const NO_STATUS = 0;

/** So many paths are remembered as they came, and as they are told. */
const MOST_PATHS = 1_000;

/** Finds the series of a request and its answer by what they have at hand: no label is made for one that came before. */
export class KnownExchanges {
  /** The first that came: who has more, as of actors, is found by the label, which costs less than to remember each. */
  readonly #byPath = new Map<string, Exchange[]>();
  readonly #byLabel = new Map<string, Exchange[]>();

  constructor(
    readonly meter: Meter,
    readonly label: PathLabel,
    readonly tellsMethod: boolean,
  ) {}

  series(method: string, path: string, status: number): Series {
    const known = this.#byPath.get(path) ?? this.#ofLabel(path);
    for (const exchange of known)
      if (exchange.status === status && exchange.method === method) return exchange.series;
    const told = this.tellsMethod ? method : "";
    const series = this.meter.series(told, this.label(path), status === NO_STATUS ? "" : String(status));
    // Any token is a method, and there is no end of them.
    if (known.length < 100) known.push({ method, status, series });
    return series;
  }

  #ofLabel(path: string): Exchange[] {
    const label = this.label(path);
    let known = this.#byLabel.get(label);
    if (known === undefined) {
      if (this.#byLabel.size >= MOST_PATHS) this.#byLabel.clear();
      known = [];
      this.#byLabel.set(label, known);
    }
    if (this.#byPath.size < MOST_PATHS) this.#byPath.set(path, known);
    return known;
  }
}
