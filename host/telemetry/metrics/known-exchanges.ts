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

export interface KnownExchangesOptions {
  /** Of what is counted with its answer. */
  readonly answered: Meter;
  /** Of what is counted before there is an answer; left out where nothing is. */
  readonly asked?: Meter;
  readonly label: PathLabel;
  readonly tellsMethod: boolean;
}

/** Finds the series of a request and its answer by what they have at hand: no label is made for one that came before. */
export class KnownExchanges {
  readonly #options: KnownExchangesOptions;
  /** The first that came: who has more, as of actors, is found by the label, which costs less than to remember each. */
  readonly #byPath = new Map<string, PathExchanges>();
  readonly #byLabel = new Map<string, PathExchanges>();

  constructor(options: KnownExchangesOptions) {
    this.#options = options;
  }

  of(path: string): PathExchanges {
    return this.#byPath.get(path) ?? this.#ofLabel(path);
  }

  #ofLabel(path: string): PathExchanges {
    const label = this.#options.label(path);
    let known = this.#byLabel.get(label);
    if (known === undefined) {
      if (this.#byLabel.size >= MOST_PATHS) this.#byLabel.clear();
      known = new PathExchanges(label, this.#options);
      this.#byLabel.set(label, known);
    }
    if (this.#byPath.size < MOST_PATHS) this.#byPath.set(path, known);
    return known;
  }
}

/** Those of one path, or of all that are told alike. */
export class PathExchanges {
  readonly #label: string;
  readonly #options: KnownExchangesOptions;
  readonly #known: Exchange[] = [];

  constructor(label: string, options: KnownExchangesOptions) {
    this.#label = label;
    this.#options = options;
  }

  series(method: string, status: number): Series {
    for (const exchange of this.#known)
      if (exchange.status === status && exchange.method === method) return exchange.series;
    const { answered, asked = answered, tellsMethod } = this.#options;
    const told = tellsMethod ? method : "";
    const series =
      status === NO_STATUS
        ? asked.series(told, this.#label)
        : answered.series(told, this.#label, String(status));
    // Any token is a method, and there is no end of them.
    if (this.#known.length < 100) this.#known.push({ method, status, series });
    return series;
  }
}
