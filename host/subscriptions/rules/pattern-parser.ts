export type CharacterTest = (character: string) => boolean;
export type PlaceTest = (text: readonly string[], place: number) => boolean;

/** A pattern, parsed. */
export type PatternNode =
  | { readonly kind: "one"; readonly test: CharacterTest }
  | { readonly kind: "at"; readonly holds: PlaceTest }
  | { readonly kind: "sequence"; readonly parts: readonly PatternNode[] }
  | { readonly kind: "choice"; readonly parts: readonly PatternNode[] }
  /** Without `most`: as often as one likes. */
  | {
      readonly kind: "repeat";
      readonly part: PatternNode;
      readonly least: number;
      readonly most: number | undefined;
    };

const DEEPEST = 64;
/** Of a repetition's counts. */
const MOST = 1_000;

const digit: CharacterTest = (c) => c >= "0" && c <= "9";
const word: CharacterTest = (c) => /^[0-9A-Za-z_]$/.test(c);
const space: CharacterTest = (c) => /^[\t\n\f\r ]$/.test(c);
const not =
  (test: CharacterTest): CharacterTest =>
  (c) =>
    !test(c);

const classes: ReadonlyMap<string, CharacterTest> = new Map([
  ["d", digit],
  ["D", not(digit)],
  ["w", word],
  ["W", not(word)],
  ["s", space],
  ["S", not(space)],
]);
const controls: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["f", "\f"],
  ["v", "\v"],
]);

const start: PlaceTest = (_, place) => place === 0;
const end: PlaceTest = (text, place) => place === text.length;
const atWord: PlaceTest = (text, place) => word(text[place - 1] ?? "") !== word(text[place] ?? "");
const places: ReadonlyMap<string, PlaceTest> = new Map([
  ["A", start],
  ["z", end],
  ["b", atWord],
  ["B", (text: readonly string[], place: number) => !atWord(text, place)],
]);

/** Throws an Error that says what is wrong, and where. */
export function parsePattern(source: string): PatternNode {
  return new Parser(source).whole();
}

class Parser {
  readonly #source: readonly string[];
  #at = 0;
  #depth = 0;
  #ignoreCase = false;
  #dotAll = false;

  constructor(source: string) {
    this.#source = Array.from(source);
  }

  whole(): PatternNode {
    const node = this.#choice();
    if (this.#at < this.#source.length) this.#fail("unexpected )");
    return node;
  }

  #fail(fault: string): never {
    throw new Error(`${fault} at character ${this.#at}`);
  }

  #take(c: string): boolean {
    if (this.#source[this.#at] !== c) return false;
    this.#at++;
    return true;
  }

  /** What the expression finds here, taken. */
  #taken(expression: RegExp): RegExpExecArray | null {
    const found = expression.exec(this.#source.slice(this.#at, this.#at + 80).join(""));
    if (found !== null) this.#at += found[0].length;
    return found;
  }

  #choice(): PatternNode {
    if (++this.#depth > DEEPEST) this.#fail("groups are nested too deep");
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    this.#depth--;
    return { kind: "choice", parts };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (
      let c = this.#source[this.#at];
      c !== undefined && c !== "|" && c !== ")";
      c = this.#source[this.#at]
    ) {
      parts.push(this.#repeated(this.#atom()));
    }
    return { kind: "sequence", parts };
  }

  /** A `?` after a repetition only says which match is preferred. */
  #repeated(part: PatternNode): PatternNode {
    const found = this.#taken(/^(?:[*+?]|\{(\d{1,4})(?:(,)(\d{0,4}))?\})\??/);
    if (found === null) return part;
    if (/^[*+?]/.test(this.#source[this.#at] ?? "")) this.#fail("nothing to repeat");
    const [sign, count, comma, upper] = found;
    if (count === undefined) {
      return { kind: "repeat", part, least: sign[0] === "+" ? 1 : 0, most: sign[0] === "?" ? 1 : undefined };
    }
    const least = Number(count);
    const most = comma === undefined ? least : upper === "" ? undefined : Number(upper);
    if (Math.max(least, most ?? 0) > MOST || (most ?? least) < least) this.#fail("an invalid count");
    return { kind: "repeat", part, least, most };
  }

  #atom(): PatternNode {
    const c = this.#source[this.#at++] as string;
    switch (c) {
      case "(":
        return this.#group();
      case "[":
        return this.#one(this.#set());
      case ".": {
        const dotAll = this.#dotAll;
        return this.#one((found) => dotAll || found !== "\n");
      }
      case "^":
        return { kind: "at", holds: start };
      case "$":
        return { kind: "at", holds: end };
      case "*":
      case "+":
      case "?":
        return this.#fail("nothing to repeat");
      case "\\": {
        const holds = places.get(this.#source[this.#at] ?? "");
        if (holds === undefined) return this.#one(this.#escaped());
        this.#at++;
        return { kind: "at", holds };
      }
      default:
        return this.#one(this.#folded((found) => found === c));
    }
  }

  #one(test: CharacterTest): PatternNode {
    return { kind: "one", test };
  }

  /** In either case, where that does not matter. */
  #folded(test: CharacterTest): CharacterTest {
    return this.#ignoreCase ? (c) => test(c) || test(c.toLowerCase()) || test(c.toUpperCase()) : test;
  }

  /** After `(`. */
  #group(): PatternNode {
    const [ignoreCase, dotAll] = [this.#ignoreCase, this.#dotAll];
    if (this.#source[this.#at] === "?" && this.#taken(/^\?P?<[A-Za-z_]\w*>/) === null) {
      const flags = this.#taken(/^\?([is]*)([:)])/);
      if (flags === null) this.#fail("a kind of group that is not supported");
      this.#ignoreCase ||= flags[1]?.includes("i") === true;
      this.#dotAll ||= flags[1]?.includes("s") === true;
      // Flags without a group hold from here to the end of the group around them.
      if (flags[2] === ")") return { kind: "sequence", parts: [] };
    }
    const node = this.#choice();
    if (!this.#take(")")) this.#fail("a group without its )");
    this.#ignoreCase = ignoreCase;
    this.#dotAll = dotAll;
    return node;
  }

  /** After a backslash: a class of characters, or one character. */
  #escaped(): CharacterTest {
    const known = classes.get(this.#source[this.#at] ?? "");
    if (known !== undefined) {
      this.#at++;
      return known;
    }
    const literal = this.#literal();
    return this.#folded((found) => found === literal);
  }

  #literal(): string {
    const code = this.#taken(/^x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,5})\})/);
    if (code !== null) return String.fromCodePoint(Number.parseInt((code[1] ?? code[2]) as string, 16));
    const c = this.#source[this.#at++];
    if (c === undefined) this.#fail("a backslash at the end");
    const control = controls.get(c);
    if (control === undefined && /[0-9A-Za-z]/.test(c)) this.#fail(`\\${c}, which is not supported,`);
    return control ?? c;
  }

  /** After `[`. */
  #set(): CharacterTest {
    const tests: CharacterTest[] = [];
    const negated = this.#take("^");
    for (let first = true; first || !this.#take("]"); first = false) {
      if (this.#source[this.#at] === "\\" && classes.has(this.#source[this.#at + 1] ?? "")) {
        this.#at++;
        tests.push(this.#escaped());
        continue;
      }
      const from = this.#member();
      const range = this.#source[this.#at] === "-" && this.#source[this.#at + 1] !== "]";
      if (range) this.#at++;
      const low = from.codePointAt(0) as number;
      const high = range ? (this.#member().codePointAt(0) as number) : low;
      if (high < low) this.#fail("a range that ends before it begins");
      tests.push((found) => {
        const place = found.codePointAt(0) as number;
        return place >= low && place <= high;
      });
    }
    const any = this.#folded((found) => tests.some((test) => test(found)));
    return negated ? not(any) : any;
  }

  #member(): string {
    const c = this.#source[this.#at++];
    if (c === undefined || (c === "[" && this.#source[this.#at] === ":")) this.#fail("an unfinished set");
    return c === "\\" ? this.#literal() : c;
  }
}
