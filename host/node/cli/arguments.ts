import { type ParseArgsConfig, parseArgs } from "node:util";
import { parseByteSize } from "../../byte-size.ts";
import { parseDuration } from "../../duration.ts";
import { type Flag, flags } from "./flags.ts";

/** What was given, by the flag's first name. */
export class Given {
  readonly #values = new Map<string, readonly string[]>();

  add(name: string, value: string): void {
    this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The last one wins, as with Dapr. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** Paths; each text may hold several, separated by commas. */
  paths(name: string): readonly string[] {
    return this.texts(name).flatMap((text) => text.split(",").filter((path) => path !== ""));
  }

  /** Names separated by commas. */
  list(name: string): readonly string[] | undefined {
    return this.text(name)
      ?.split(",")
      .map((item) => item.trim().replace(/^\[(.*)\]$/, "$1"))
      .filter((item) => item !== "");
  }

  on(name: string): boolean {
    return this.text(name) === "true";
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^[+-]?\d+$/.test(text)) throw new UsageError(`--${name} takes a whole number, not ${text}`);
    return Number(text);
  }

  /** A port; 0 and less, which Dapr takes for "choose one", is undefined. */
  port(name: string): number | undefined {
    const port = this.number(name);
    if (port !== undefined && port > 65_535) throw new UsageError(`--${name}: ${port} is no port`);
    return port !== undefined && port > 0 ? port : undefined;
  }

  /** Milliseconds of a Go duration such as `1m30s`; 0 and less, which is Dapr's off, is undefined. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const ms = parseDuration(text);
    if (ms === undefined) throw new UsageError(`--${name} takes a duration such as 30s, not ${text}`);
    return ms > 0 ? ms : undefined;
  }

  /** Bytes of a quantity such as `4Mi`, `512Ki`, `1M` or `1000`. */
  bytes(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const size = parseByteSize(text);
    if (size === undefined) throw new UsageError(`--${name} takes a size such as 4Mi, not ${text}`);
    return size;
  }
}

/** A command line that cannot be followed. The message names the switch and what it takes. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** What a command line of `run` or `daprd` says. */
export interface ParsedArguments {
  readonly given: Given;
  /** What follows the switches: the app's command. */
  readonly rest: readonly string[];
  readonly help: boolean;
}

/** `--relay` alone means its usual port: a value follows only where it looks like one. */
const relayValue = /^\d+$|^wss?:\/\//;

/** How `util.parseArgs` is to read the switches: every name of a flag is an option of its own. */
interface Grammar {
  readonly byName: ReadonlyMap<string, Flag>;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
}

function grammar(): Grammar {
  const byName = new Map<string, Flag>();
  const options: Grammar["options"] = { help: { type: "boolean", short: "h" } };
  for (const flag of flags) {
    const type = flag.value === undefined ? "boolean" : "string";
    for (const [i, name] of flag.names.entries()) {
      byName.set(name, flag);
      options[name] = i === 0 && flag.short !== undefined ? { type, short: flag.short } : { type };
    }
  }
  return { byName, options };
}

/** A word as `parseArgs` takes it: daprd's long names with one dash, and a value where one may be left out. */
function normalised(word: string, next: string | undefined, byName: Grammar["byName"]): string {
  const name = /^--?([a-z][a-z-]+)(?==|$)/.exec(word)?.[1];
  const flag = name === undefined ? undefined : byName.get(name);
  if (flag === undefined) return word;
  const long = word.startsWith("--") ? word : `-${word}`;
  const bare = flag.fallback !== undefined && long === `--${name}` && !relayValue.test(next ?? "");
  return bare ? `${long}=${flag.fallback}` : long;
}

/**
 * Reads the switches up to `--`, or to the first word that is none: from there on it is the app's command. Takes
 * `--name value`, `--name=value`, `-name value`, `-n value`, `-nvalue` and, as Go's flag packages do,
 * `--switch=false`. Throws {@link UsageError}.
 */
export function parseArguments(args: readonly string[]): ParsedArguments {
  const { byName, options } = grammar();
  const words = args.map((word, i) => normalised(word, args[i + 1], byName));
  // Not strict: what is unknown after the first word of the command is the app's own.
  const { tokens } = parseArgs({ args: words, options, strict: false, tokens: true });
  const given = new Given();
  for (const token of tokens) {
    if (token.kind === "option-terminator") return { given, rest: args.slice(token.index + 1), help: false };
    if (token.kind === "positional") return { given, rest: args.slice(token.index), help: false };
    if (token.name === "help") return { given, rest: [], help: true };
    const flag = byName.get(token.name);
    if (flag === undefined) throw new UsageError(`unknown option '${token.rawName}'`);
    const name = flag.names[0] as string;
    const value = token.inlineValue === false ? args[token.index + 1] : attached(token.rawName, token.value);
    if (flag.value === undefined) given.add(name, boolean(name, value));
    else if (value !== undefined) given.add(name, value);
    else throw new UsageError(`--${name} takes a value: <${flag.value}>`);
  }
  return { given, rest: [], help: false };
}

/** `-p=3000` is `-p 3000`. */
function attached(rawName: string, value: string | undefined): string | undefined {
  return rawName.startsWith("--") ? value : value?.replace(/^=/, "");
}

function boolean(name: string, text: string | undefined): "true" | "false" {
  if (text === undefined || /^(?:1|t|true)$/i.test(text)) return "true";
  if (/^(?:0|f|false)$/i.test(text)) return "false";
  throw new UsageError(`--${name} is true or false, not ${text}`);
}

/** Refuses what cannot be done, and answers one sentence about what is accepted without effect. */
export function checkFlags(given: Given): string | undefined {
  const later = new Map<string, string[]>();
  for (const flag of flags) {
    const name = flag.names[0] as string;
    if (!given.has(name)) continue;
    // Dapr's own tools write out every switch: one that is turned off asks for nothing.
    if (flag.value === undefined && !given.on(name)) continue;
    if (flag.refused !== undefined) throw new UsageError(`--${name}: ${flag.refused}`);
    if (flag.later !== undefined) later.set(flag.later, [...(later.get(flag.later) ?? []), `--${name}`]);
  }
  if (later.size === 0) return undefined;
  const reasons = Array.from(later, ([reason, names]) => `${names.join(", ")} (${reason})`);
  return `accepted, without effect yet: ${reasons.join(", ")}`;
}
