import type { Meter, Series } from "./meter.ts";
import type { PathLabel } from "./path-label.ts";

interface Exchange {
  readonly method: string;
  readonly status: number;
  readonly series: Series;
}

/** Of what is counted before there is an answer. */
export const NO_STATUS = 0;

/** So many paths are remembered as they came. */
const MOST_PATHS = 1_000;

/** Finds the series of a request and its answer by what they have at hand: no label is made for one that came before. */
export class KnownExchanges {
  readonly #byPath = new Map<string, Exchange[]>();

  constructor(
    readonly meter: Meter,
    readonly label: PathLabel,
    readonly tellsMethod: boolean,
  ) {}

  series(method: string, path: string, status: number): Series {
    let known = this.#byPath.get(path);
    if (known !== undefined) {
      for (const exchange of known)
        if (exchange.status === status && exchange.method === method) return exchange.series;
    } else {
      if (this.#byPath.size >= MOST_PATHS) this.#byPath.clear();
      known = [];
      this.#byPath.set(path, known);
    }
    const told = this.tellsMethod ? method : "";
    const series = this.meter.series(told, this.label(path), status === NO_STATUS ? "" : String(status));
    // Any token is a method, and there is no end of them.
    if (known.length < 100) known.push({ method, status, series });
    return series;
  }
}
