/** Numbers of one set of label values: how many, or how much there is; their sum, and how they spread over the bounds. */
export class Series {
  count = 0;
  sum = 0;
  /** How many are above the bound before this position and not above the one at it; the last: above all of them. */
  readonly spread: Float64Array;
  readonly #bounds: readonly number[];

  constructor(
    readonly values: readonly string[],
    bounds: readonly number[],
  ) {
    this.#bounds = bounds;
    this.spread = new Float64Array(bounds.length + 1);
  }

  add(value: number): void {
    this.count++;
    this.sum += value;
    const bounds = this.#bounds;
    let i = 0;
    while (i < bounds.length && value > (bounds[i] as number)) i++;
    this.spread[i] = (this.spread[i] as number) + 1;
  }

  /** Counts several at once, of which nothing but their number is of interest. */
  increase(by = 1): void {
    this.count += by;
  }
}

export interface MeterOptions {
  readonly labels: readonly string[];
  /** Ascending; empty where nothing but the number is of interest. */
  readonly bounds: readonly number[];
  /** Sets of label values that are told apart; all others are one more, whose every value is `other`. */
  readonly limit: number;
  /** What the values are told as. */
  readonly rewrite?: ((values: readonly string[]) => readonly string[]) | undefined;
  /** Called once, with the first that is not told apart. */
  full(): void;
}

/** What is counted and measured under the same labels. Finding a series that is there allocates its key alone. */
export class Meter {
  readonly #options: MeterOptions;
  /** By the values as they came. */
  readonly #found = new Map<string, Series>();
  /** By the values as they are told: several that came may be one. */
  readonly #told = new Map<string, Series>();
  #other: Series | undefined;
  /** Where there are no labels. */
  #only: Series | undefined;

  constructor(options: MeterOptions) {
    this.#options = options;
  }

  get labels(): readonly string[] {
    return this.#options.labels;
  }

  get bounds(): readonly number[] {
    return this.#options.bounds;
  }

  /** Those that are there. */
  get all(): readonly Series[] {
    const all = [...this.#told.values()];
    return this.#other === undefined ? all : [...all, this.#other];
  }

  /** The numbers of these values, in the order of the labels. */
  series(a = "", b = "", c = "", d = "", e = ""): Series {
    if (this.#options.labels.length === 0) {
      this.#only ??= this.#open("", []);
      return this.#only;
    }
    const key = `${a}\n${b}\n${c}\n${d}\n${e}`;
    return this.#found.get(key) ?? this.#open(key, [a, b, c, d, e]);
  }

  /** Forgets all, as though none had been asked for. */
  clear(): void {
    this.#found.clear();
    this.#told.clear();
    this.#other = undefined;
    this.#only = undefined;
  }

  #open(key: string, given: readonly string[]): Series {
    const { labels, limit, rewrite } = this.#options;
    const came = given.slice(0, labels.length);
    const values = rewrite === undefined ? came : rewrite(came);
    const name = values.join("\n");
    const known = this.#told.get(name);
    if (known === undefined && this.#told.size >= limit) return this.#overflow();
    const series = known ?? new Series(values, this.#options.bounds);
    this.#told.set(name, series);
    // What rules make one may come in any number of spellings.
    if (this.#found.size < 2 * limit) this.#found.set(key, series);
    return series;
  }

  #overflow(): Series {
    if (this.#other === undefined) {
      const { labels, bounds } = this.#options;
      this.#other = new Series(
        labels.map(() => "other"),
        bounds,
      );
      this.#options.full();
    }
    return this.#other;
  }
}
