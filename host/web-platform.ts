import type { Clock, Log, LogFields, LogLevel, Platform } from "./platform.ts";

const order: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Writes one readable line an entry to the console, fields as `name=value`. */
export function consoleLog(level: LogLevel, scope: string): Log {
  const threshold = order.indexOf(level);
  const write = (at: LogLevel) => (message: string, fields?: LogFields) => {
    if (order.indexOf(at) < threshold) return;
    const rest = Object.entries(fields ?? {}).filter(([, value]) => value !== undefined);
    console[at](`[${scope}] ${message}${rest.map(([name, value]) => ` ${name}=${value}`).join("")}`);
  };
  return { level, debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

/** What `setTimeout` waits for at most; longer times it takes for none. Milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** Time as the machine has it. A timer that waits keeps a process alive: whoever sets one cancels it at its end. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, task) {
    if (ms > longestTimer) {
      let cancel = systemClock.after(longestTimer, () => {
        cancel = systemClock.after(ms - longestTimer, task);
      });
      return () => cancel();
    }
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

/** The platform of hosts that have the web's globals: pages, workers, Node. Called by composition roots only. */
export function webPlatform(log: Log): Platform {
  return {
    clock: systemClock,
    log,
    random: (bytes) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>) as typeof bytes,
    uuid: () => crypto.randomUUID(),
    fetch: (input, init) => globalThis.fetch(input, init),
    connect(url, protocols, events) {
      const socket = new WebSocket(url, [...protocols]);
      socket.binaryType = "arraybuffer";
      socket.onopen = () => events.open();
      socket.onmessage = ({ data }) => events.message(typeof data === "string" ? data : new Uint8Array(data));
      socket.onclose = ({ code, reason }) => events.closed(code, reason);
      return {
        send: (data) => socket.send(data as string | Uint8Array<ArrayBuffer>),
        get buffered() {
          return socket.bufferedAmount;
        },
        close: (code, reason) => socket.close(code, reason),
      };
    },
  };
}
