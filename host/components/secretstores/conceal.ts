import type { Log, LogFields, LogLevel } from "../../platform.ts";
import type { Component } from "../component.ts";

/** Shorter ones would be found in words that have nothing to do with them. */
const SHORTEST = 4;

/** Text without these values: what a component says of itself may hold what it was given. */
export type Conceal = (text: string) => string;

export function concealing(values: Iterable<string>): Conceal {
  const long = [...values].filter(({ length }) => length >= SHORTEST);
  const spelled = long.flatMap((value) => [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
  ]);
  // The longest first: one secret may be part of another.
  const secrets = [...new Set(spelled)].sort((a, b) => b.length - a.length);
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
  const say = (level: LogLevel) => (message: string, fields?: LogFields) =>
    log[level](conceal(message), fieldsOf(fields));
  const { level } = log;
  return { level, debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
}

/** The component, with what it throws and its facts told without the secrets that it was given. */
export function concealed<C extends Component>(component: C, conceal: Conceal): C {
  const fail = (error: unknown): never => {
    if (error instanceof Error) {
      for (const name of ["message", "stack"] as const) {
        const value = conceal(error[name] ?? "");
        // Defined, not set: a DOMException's are read-only.
        if (value !== (error[name] ?? "")) Object.defineProperty(error, name, { value, configurable: true });
      }
    }
    throw error;
  };
  const quiet =
    (method: (...given: unknown[]) => unknown) =>
    (...given: unknown[]) => {
      try {
        const answer = method.apply(component, given);
        return answer instanceof Promise ? answer.catch(fail) : answer;
      } catch (error) {
        return fail(error);
      }
    };
  const methods = new Map<unknown, unknown>();
  return new Proxy(component, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name === "facts" && value instanceof Map) {
        return new Map([...value].map(([fact, text]) => [fact, conceal(text)]));
      }
      if (typeof value !== "function") return value;
      const method = methods.get(value) ?? quiet(value as (...given: unknown[]) => unknown);
      methods.set(value, method);
      return method;
    },
  });
}
