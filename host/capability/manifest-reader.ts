/** A manifest that cannot be used. The message names file and field, and what was expected. */
export class ManifestError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ManifestError";
  }
}

/** A name that is one segment of a path, and no word of the ABI. */
export const plainName = /^[a-z0-9][a-z0-9._-]{0,62}$/;
export const plainNameExpected =
  "must be a name of lower-case letters, digits, dots, dashes and underscores, at most 63";

/** Stays inside of the package: no folder above, no absolute path, no URL. */
export const inside = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w.-][\w./ -]*$/;

/** A name of an image, with its registry, tag and digest; no switch of a command. */
export const imageName = /^[a-z0-9][\w./:@-]{0,254}$/;
export const imageExpected = "must name an image, such as example/detect:1.2";

/** Where a server listens, if nothing else is said. */
export const containerPort = 8080;

export type Path = readonly (string | number)[];

/** `offers[0].sources` as one writes it. */
function spelled(path: Path): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
    .join("")
    .replace(/^\./, "");
}

/** One value of a manifest, and where it stands. */
export class Field {
  readonly #source: string;
  readonly #path: Path;

  constructor(
    source: string,
    path: Path,
    readonly value: unknown,
  ) {
    this.#source = source;
    this.#path = path;
  }

  fail(expected: string): never {
    const place = this.#path.length === 0 ? "it" : spelled(this.#path);
    throw new ManifestError(`${this.#source}: ${place} ${expected}`);
  }

  get missing(): boolean {
    return this.value === undefined || this.value === null;
  }

  /** A member; own ones only, since a manifest may say `constructor`. */
  member(name: string): Field {
    const fields = this.fields();
    return new Field(
      this.#source,
      [...this.#path, name],
      Object.hasOwn(fields, name) ? fields[name] : undefined,
    );
  }

  fields(): Readonly<Record<string, unknown>> {
    if (typeof this.value !== "object" || this.value === null || Array.isArray(this.value))
      this.fail("must be an object");
    return this.value as Readonly<Record<string, unknown>>;
  }

  /** Refuses members that nobody reads: a need that is misspelled must not pass for none. */
  only(...known: readonly string[]): void {
    const unknown = Object.keys(this.fields()).find((name) => !known.includes(name));
    if (unknown !== undefined) this.member(unknown).fail(`is unknown; expected one of ${known.join(", ")}`);
  }

  items(): readonly Field[] {
    if (this.missing) return [];
    if (!Array.isArray(this.value)) this.fail("must be a list");
    return this.value.map((item: unknown, i) => new Field(this.#source, [...this.#path, i], item));
  }

  text(expected = "must be text"): string {
    if (typeof this.value !== "string" || this.value === "") this.fail(expected);
    return this.value;
  }

  optionalText(): string | undefined {
    return this.missing ? undefined : this.text();
  }

  matching(pattern: RegExp, expected: string): string {
    const text = this.text(expected);
    if (!pattern.test(text)) this.fail(expected);
    return text;
  }

  oneOf<const T extends string>(values: readonly T[], otherwise?: T): T {
    if (this.missing && otherwise !== undefined) return otherwise;
    const found = values.find((value) => value === this.value);
    return found ?? this.fail(`must be one of ${values.join(", ")}`);
  }

  /** As YAML has it: `1.2` is a number there. Nobody's where it is missing. */
  version(): string {
    if (this.missing) return "0.0.0";
    return typeof this.value === "number" ? String(this.value) : this.text("must be a version such as 1.0.0");
  }

  flag(): boolean {
    if (this.missing) return false;
    if (typeof this.value !== "boolean") this.fail("must be true or false");
    return this.value;
  }

  /** A whole number from 1 up to `most`. */
  count(otherwise: number, most: number): number {
    if (this.missing) return otherwise;
    const { value } = this;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > most)
      this.fail(`must be a whole number from 1 to ${most}`);
    return value;
  }

  /** Bytes: a number of them, or a size such as `512Ki` and `16Mi`. */
  size(otherwise: number, most: number): number {
    if (this.missing) return otherwise;
    const expected = `must be a size such as 16Mi, and at most ${most >> 20}Mi`;
    const match = typeof this.value === "string" ? /^(\d+)(Ki|Mi)?$/.exec(this.value) : null;
    const unit = match?.[2] === "Mi" ? 1 << 20 : match?.[2] === "Ki" ? 1 << 10 : 1;
    const bytes = match === null ? this.value : Number(match[1]) * unit;
    if (typeof bytes !== "number" || !Number.isInteger(bytes) || bytes < 1 || bytes > most)
      this.fail(expected);
    return bytes;
  }
}

/** An absolute http(s) URL without a user, a query or a fragment. */
export function baseUrl(field: Field): string {
  const expected = "must be an absolute URL of http or https, without a user, a query and a fragment";
  const text = field.text(expected);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return field.fail(expected);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    field.fail(expected);
  return url.href.replace(/\/$/, "");
}
