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

  /** Bytes of a quantity such as `4Mi`, `512Ki`, `1M` or `1000`. */
  bytes(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const match = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|k|M|G)?$/.exec(text);
    if (match === null) throw new UsageError(`--${name} takes a size such as 4Mi, not ${text}`);
    const units = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, k: 1e3, M: 1e6, G: 1e9 };
    return Math.floor(
      Number(match[1]) * (match[2] === undefined ? 1 : units[match[2] as keyof typeof units]),
    );
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

/**
 * Reads the switches up to `--`, or to the first word that is none: from there on it is the app's command. Takes
 * `--name value`, `--name=value`, `-n value`, `-nvalue` and, as Go's flag packages do, `--switch=false`. Throws
 * {@link UsageError}.
 */
export function parseArguments(args: readonly string[]): ParsedArguments {
  const byName = new Map<string, Flag>();
  for (const flag of flags) {
    for (const name of flag.names) byName.set(`--${name}`, flag);
    if (flag.short !== undefined) byName.set(`-${flag.short}`, flag);
  }
  const given = new Given();
  let i = 0;
  for (; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === "--") return { given, rest: args.slice(i + 1), help: false };
    if (arg === "--help" || arg === "-h") return { given, rest: [], help: true };
    if (!arg.startsWith("-") || arg === "-") break;
    const long = arg.startsWith("--");
    const equals = arg.indexOf("=");
    const end = long ? (equals === -1 ? arg.length : equals) : 2;
    const flag = byName.get(arg.slice(0, end));
    if (flag === undefined) throw new UsageError(`unknown option '${arg.slice(0, end)}'`);
    const attached = end === arg.length ? undefined : arg.slice(end).replace(/^=/, "");
    const name = flag.names[0] as string;
    if (flag.value === undefined) given.add(name, boolean(name, attached));
    else if (attached !== undefined) given.add(name, attached);
    else if (flag.fallback !== undefined && !relayValue.test(args[i + 1] ?? "")) {
      given.add(name, flag.fallback);
    } else if (i + 1 < args.length) given.add(name, args[++i] as string);
    else throw new UsageError(`--${name} takes a value: <${flag.value}>`);
  }
  return { given, rest: args.slice(i), help: false };
}

function boolean(name: string, text: string | undefined): "true" | "false" {
  if (text === undefined || /^(?:1|t|true)$/i.test(text)) return "true";
  if (/^(?:0|f|false)$/i.test(text)) return "false";
  throw new UsageError(`--${name} is true or false, not ${text}`);
}

/** Refuses what cannot be done, and answers one sentence about what is accepted without effect. */
export function checkFlags(given: Given): string | undefined {
  const later: string[] = [];
  for (const flag of flags) {
    const name = flag.names[0] as string;
    if (!given.has(name)) continue;
    if (flag.refused !== undefined) throw new UsageError(`--${name}: ${flag.refused}`);
    if (flag.later !== undefined) later.push(`--${name} (${flag.later})`);
  }
  return later.length === 0 ? undefined : `accepted, without effect yet: ${later.join(", ")}`;
}
