import { connect } from "node:net";
import type { Pool } from "undici";
import { type AppChannel, AppUnreachableError } from "../channel/app-channel.ts";
import { appTurnstile } from "../channel/app-turnstile.ts";
import type { Headers, RuntimeRequest, RuntimeResponse } from "../http.ts";
import { type Clock, type Log, sleep } from "../platform.ts";
import { AppHealth, type AppHealthOptions } from "./app-health.ts";
import { type ExchangeError, exchange } from "./exchange.ts";
import { openPool } from "./open-pool.ts";

export interface HttpChannelOptions {
  readonly port: number;
  /** 127.0.0.1 when left out. */
  readonly address?: string;
  /** With `https` the app's certificate is not verified: the app is on the same machine, its certificate its own. */
  readonly protocol?: "http" | "https";
  /** Calls under way at a time, each until its response has been read; 0 or less: no limit. */
  readonly maxConcurrency?: number;
  /** APP_API_TOKEN: sent as `dapr-api-token` with every call but the health probe. */
  readonly apiToken?: string | undefined;
  /** Absent: no health checks, the app counts as healthy once its port is open. */
  readonly health?: AppHealthOptions;
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds between two attempts to reach a port that is not open yet. */
const dialEveryMs = 100;
/** How long calls under way may last once the channel closes. */
const drainMs = 5000;

function dial(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(1000, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

/** An app that listens on a port: Dapr's HTTP app channel. */
export function httpChannel(options: HttpChannelOptions): AppChannel {
  const {
    port,
    address = "127.0.0.1",
    protocol = "http",
    maxConcurrency = 0,
    apiToken,
    clock,
    log,
  } = options;
  const origin = `${protocol}://${address.includes(":") ? `[${address}]` : address}:${port}`;
  let opened: Pool | undefined;
  const pool = () => {
    opened ??= openPool(origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { rejectUnauthorized: false, timeout: 5000 },
    });
    return opened;
  };
  const turnstile = maxConcurrency > 0 ? appTurnstile(maxConcurrency) : undefined;
  const nothing = () => undefined;
  const leave = turnstile === undefined ? nothing : () => turnstile.leave();

  function appHeaders(headers: Headers): Headers {
    const own: string[] = [];
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      if (name === "host" || name === "content-length" || name === "dapr-api-token") continue;
      own.push(name, headers[i + 1] as string);
    }
    if (apiToken !== undefined) own.push("dapr-api-token", apiToken);
    return own;
  }

  function unreachable(error: ExchangeError): AppUnreachableError {
    const cause =
      error.code === "ECONNREFUSED"
        ? `connection refused; is the app listening on port ${port}?`
        : error.begun
          ? `its answer broke off: it is shorter than its content-length says, or the connection was lost (${error.message})`
          : error.sent
            ? `the connection was lost before the app answered (${error.message})`
            : error.message;
    return new AppUnreachableError(`error invoking app channel at ${origin}: ${cause}`, {
      cause: error,
      sent: error.sent,
    });
  }

  async function listening(signal: AbortSignal): Promise<void> {
    for (let first = true; !(await dial(port, address)); first = false) {
      if (first) log.info(`waiting for the app to listen on port ${port}`);
      await sleep(clock, dialEveryMs, signal);
    }
    signal.throwIfAborted();
  }

  const watchers: ((healthy: boolean) => void)[] = [];
  const turned = (healthy: boolean) => {
    options.health?.onChange?.(healthy);
    for (const watcher of watchers) watcher(healthy);
  };
  const health =
    options.health === undefined
      ? undefined
      : new AppHealth({ ...options.health, onChange: turned }, clock, log, async (path, signal) => {
          const probe: RuntimeRequest = {
            method: "GET",
            path,
            query: "",
            headers: [],
            body: undefined,
            signal,
          };
          const { status, body } = await exchange(pool(), origin, probe, [], nothing);
          if (body instanceof ReadableStream) await body.cancel();
          return status;
        });

  const send = (request: RuntimeRequest): Promise<RuntimeResponse> =>
    exchange(pool(), origin, request, appHeaders(request.headers), leave, unreachable);

  return {
    invoke(request) {
      if (health?.healthy === false) {
        const cause = "app is not in a healthy state: its health check fails";
        return Promise.reject(new AppUnreachableError(cause));
      }
      const turn = turnstile?.enter(request.signal);
      return turn === undefined ? send(request) : turn.then(() => send(request));
    },

    async ready(signal) {
      await listening(signal);
      if (health === undefined) return;
      void health.run();
      while (!health.healthy) await sleep(clock, dialEveryMs, signal);
    },

    async returned(signal) {
      await listening(signal);
      while (health?.healthy === false) await sleep(clock, dialEveryMs, signal);
    },

    ...(health !== undefined && {
      watch: (changed: (healthy: boolean) => void) => {
        watchers.push(changed);
      },
    }),

    properties: {
      port,
      protocol,
      channelAddress: address,
      ...(maxConcurrency > 0 ? { maxConcurrency } : {}),
      ...(options.health === undefined
        ? {}
        : {
            health: {
              healthCheckPath: options.health.path ?? "/healthz",
              healthProbeInterval: `${(options.health.intervalMs ?? 5000) / 1000}s`,
              healthProbeTimeout: `${options.health.timeoutMs ?? 500}ms`,
              healthThreshold: options.health.threshold ?? 3,
            },
          }),
    },

    async close() {
      health?.close();
      const cut = clock.after(drainMs, () => void opened?.destroy());
      await opened?.close();
      cut();
    },
  };
}
