import type { Command } from "commander";
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

/** Adds the flags to a command; what is given ends up in `given`. */
export function addFlags(command: Command, given: Given): void {
  for (const flag of flags) {
    flag.names.forEach((name, i) => {
      const short = i === 0 && flag.short !== undefined ? `-${flag.short}, ` : "";
      const option = command.createOption(
        `${short}--${name}${flag.value === undefined ? "" : ` <${flag.value}>`}`,
        flag.summary,
      );
      // What has no effect yet, and the older names, work and stay out of the help.
      if (i > 0 || flag.summary === "") option.hideHelp();
      command.addOption(option);
      command.on(`option:${name}`, (value: string | undefined) =>
        given.add(flag.names[0] as string, value ?? "true"),
      );
    });
  }
}

const byName = new Map<string, Flag>(
  flags.flatMap((flag) => flag.names.map((name) => [name, flag] as const)),
);

/**
 * Arguments as the parser wants them. Go's flag packages, whose habits Dapr's users have, also take `--switch=false`,
 * and `--relay` may stand without its value.
 */
export function normalise(args: readonly string[]): readonly string[] {
  const normal: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === "--") return [...normal, ...args.slice(i)];
    const match = /^--([a-z-]+)(?:=(.*))?$/s.exec(arg);
    const flag = match === null ? undefined : byName.get(match[1] as string);
    if (match === null || flag === undefined) {
      const short = /^-([a-zA-Z])$/.exec(arg);
      const takes = short !== null && flags.some((row) => row.short === short[1] && row.value !== undefined);
      if (!arg.startsWith("-")) return [...normal, ...args.slice(i)];
      normal.push(arg);
      if (takes && i + 1 < args.length) normal.push(args[++i] as string);
      continue;
    }
    const value = match[2];
    if (flag.names[0] === "relay") {
      const next = args[i + 1];
      const own = value === undefined && next !== undefined && /^\d+$|^wss?:\/\//.test(next);
      normal.push(`--relay=${own ? args[++i] : (value ?? "3499")}`);
    } else if (flag.value === undefined) {
      if (value === undefined || /^(?:1|t|true)$/i.test(value)) normal.push(`--${match[1]}`);
      else if (!/^(?:0|f|false)$/i.test(value)) {
        throw new UsageError(`--${match[1]} is true or false, not ${value}`);
      }
    } else if (value !== undefined) normal.push(`--${match[1]}`, value);
    else {
      normal.push(arg);
      if (i + 1 < args.length) normal.push(args[++i] as string);
    }
  }
  return normal;
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
