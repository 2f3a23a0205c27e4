import { hostname } from "node:os";
import type { Log, LogFields, LogLevel } from "../../platform.ts";
import { version } from "../../version.ts";

export type LogFormat = "readable" | "logfmt" | "json";

export interface CliLogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly colour: boolean;
  readonly appId: string;
  write(line: string): void;
  /** For the time of a line. */
  now(): Date;
}

const order: readonly LogLevel[] = ["debug", "info", "warn", "error"];
/** As daprd spells them. */
const spelled: Readonly<Record<LogLevel, string>> = {
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
};
const marks: Readonly<Record<LogLevel, string>> = {
  debug: "\u001b[2m",
  info: "",
  warn: "\u001b[33m",
  error: "\u001b[31m",
};

function quoted(value: string): string {
  return /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
}

/** The sidecar's log: a readable line for people, daprd's own two formats for programs that read them. */
export function cliLog(options: CliLogOptions): Log {
  const { level, format, colour, appId, write, now } = options;
  const threshold = order.indexOf(level);
  const instance = hostname();

  function line(at: LogLevel, message: string, fields: LogFields): string {
    const extra = Object.entries(fields).filter(([, value]) => value !== undefined);
    if (format === "json") {
      const rest = Object.fromEntries(extra);
      const own = { app_id: appId, instance, level: spelled[at], msg: message };
      return JSON.stringify({
        ...rest,
        ...own,
        scope: "daprlet",
        time: now().toISOString(),
        type: "log",
        ver: version,
      });
    }
    const rest = extra.map(([name, value]) => ` ${name}=${quoted(String(value))}`).join("");
    if (format === "logfmt") {
      return `time="${now().toISOString()}" level=${spelled[at]} msg=${JSON.stringify(message)} app_id=${quoted(appId)} instance=${quoted(instance)} scope=daprlet type=log ver=${version}${rest}`;
    }
    const said = at === "info" ? "" : `${spelled[at]}: `;
    const text = `${said}${message}${rest}`;
    return colour && marks[at] !== "" ? `${marks[at]}${text}\u001b[0m` : text;
  }

  const at = (own: LogLevel) =>
    order.indexOf(own) < threshold
      ? () => undefined
      : (message: string, fields: LogFields = {}) => write(line(own, message, fields));
  return { level, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
