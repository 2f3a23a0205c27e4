import type { Log, LogFields } from "../../platform.ts";

/** Shorter ones would be found in words that have nothing to do with them. */
const SHORTEST = 4;

/** Text without these values: what a component says of itself may hold what it was given. */
export type Conceal = (text: string) => string;

export function concealing(values: Iterable<string>): Conceal {
  // The longest first: one secret may be part of another.
  const secrets = [...values].filter(({ length }) => length >= SHORTEST).sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
}

export function concealedLog(log: Log, conceal: Conceal): Log {
  const fieldsOf = (fields: LogFields | undefined) =>
    fields &&
    Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === "string" ? conceal(value) : value,
      ]),
    );
  const say = (level: keyof Log) => (message: string, fields?: LogFields) =>
    log[level](conceal(message), fieldsOf(fields));
  return { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
}
