import type { Log } from "../platform.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what it looks for
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** A log for what packages say and are called: no line of theirs begins another one, or commands a terminal. */
export function plainLog(log: Log): Log {
  const plain = (text: string) => text.replace(controls, " ");
  return {
    level: log.level,
    debug: (message, fields) => log.debug(plain(message), fields),
    info: (message, fields) => log.info(plain(message), fields),
    warn: (message, fields) => log.warn(plain(message), fields),
    error: (message, fields) => log.error(plain(message), fields),
  };
}
