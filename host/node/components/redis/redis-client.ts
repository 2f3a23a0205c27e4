import type { Redis } from "ioredis";
import type { ComponentContext } from "../../../components/component.ts";
import { ComponentError } from "../../../errors/component-error.ts";
import { reasonOf } from "../../../errors/reason-of.ts";
import { withTimeout } from "../../../platform.ts";
import { redisError } from "./redis-error.ts";
import { type RedisAddress, type RedisMetadata, redisAddress } from "./redis-metadata.ts";

/** What a command takes; lists are spliced in, so that they may be long. */
export type RedisArgument = string | number | Buffer | readonly (string | number | Buffer)[];

export interface RedisUse {
  /**
   * True for a connection that waits: blocking reads and subscriptions. Its silence is no sign of a dead server, and
   * closing it waits for nothing.
   */
  readonly waits?: boolean;
}

/**
 * One connection. Commands go out at once and in order; while the server is away they fail at once with UNAVAILABLE,
 * and the connection is tried again with a growing pause. What was under way when it was lost fails too, and may have
 * been done.
 */
export class RedisClient {
  /** host:port, for messages. */
  readonly server: string;
  readonly #redis: Redis;
  readonly #again: (use: RedisUse) => Promise<RedisClient>;
  readonly #use: RedisUse;
  #ready = false;
  #everReady = false;
  #scripts = 0;
  #gathering: Redis["stream"] | undefined;
  /** Why the server could not be reached last. */
  #lost: string | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    redis: Redis,
    server: string,
    { log }: ComponentContext,
    use: RedisUse,
    again: (use: RedisUse) => Promise<RedisClient>,
  ) {
    this.server = server;
    this.#redis = redis;
    this.#use = use;
    this.#again = again;
    redis.on("error", (error: unknown) => {
      this.#lost = reasonOf(error);
    });
    redis.on("close", () => {
      // One that waits has another beside it, which tells.
      if (this.#closed === undefined && this.#ready && !use.waits)
        log.warn(`lost Redis at ${server}; connecting again`);
      this.#ready = false;
    });
    redis.on("ready", () => {
      if (this.#everReady && !use.waits) log.info(`connected to Redis at ${server} again`);
      this.#ready = true;
      this.#everReady = true;
      this.#lost = undefined;
    });
  }

  /** ioredis itself, for subscriptions and their events. What it throws is `this.error`'s to translate. */
  get raw(): Redis {
    return this.#redis;
  }

  /** Any command. Answers what Redis does, with bulk strings as strings. Throws a ComponentError. */
  call(command: string, ...args: readonly RedisArgument[]): Promise<unknown> {
    return this.#ask(() => this.#redis.call(command, args.flat() as (string | number | Buffer)[]));
  }

  /** As `call`, with bulk strings as Buffers: values byte for byte. */
  callBuffer(command: string, ...args: readonly RedisArgument[]): Promise<unknown> {
    return this.#ask(() => this.#redis.callBuffer(command, args.flat() as (string | number | Buffer)[]));
  }

  /** Names a Lua script; it is sent once for each connection, and by its hash from then on. */
  script(lua: string): RedisScript {
    const name = `script${this.#scripts++}`;
    this.#redis.defineCommand(name, { lua });
    type Custom = (keys: number, ...args: readonly RedisArgument[]) => Promise<unknown>;
    const run = (this.#redis as unknown as Record<string, Custom>)[`${name}Buffer`] as Custom;
    return (keys, args) => this.#ask(() => run.call(this.#redis, keys.length, keys, args));
  }

  /** A further connection to the same server, closed by who asked for it. */
  another(use: RedisUse): Promise<RedisClient> {
    return this.#again(use);
  }

  /** What was thrown, as a component may throw it. */
  error(error: unknown): ComponentError {
    const translated = redisError(error, this.server);
    if (this.#lost === undefined || translated.code !== "UNAVAILABLE") return translated;
    return redisError(new Error(this.#lost), this.server);
  }

  /** Lets what is under way end. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // The server answers QUIT after everything before it.
    if (this.#redis.status === "ready" && !this.#use.waits) await this.#redis.quit().catch(() => undefined);
    this.#redis.disconnect();
  }

  /** What is asked in one turn of the event loop goes out in one piece. */
  #gather(): void {
    const { stream } = this.#redis;
    if (this.#gathering === stream || stream === undefined) return;
    this.#gathering = stream;
    stream.cork();
    setImmediate(() => {
      stream.uncork();
      if (this.#gathering === stream) this.#gathering = undefined;
    });
  }

  async #ask(command: () => Promise<unknown>): Promise<unknown> {
    if (this.#closed !== undefined) {
      throw new ComponentError("UNAVAILABLE", `the connection to Redis at ${this.server} is closed`);
    }
    this.#gather();
    try {
      return await command();
    } catch (error) {
      throw this.error(error);
    }
  }
}

/** Runs a script on its keys and arguments; bulk strings come as Buffers. */
export type RedisScript = (
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
) => Promise<unknown>;

/** Connects. Throws a ComponentError that says why not, and never the password. */
export async function openRedis(
  metadata: RedisMetadata,
  context: ComponentContext,
  use: RedisUse = {},
): Promise<RedisClient> {
  const address = redisAddress(context.name, metadata);
  // Loaded with the first component that needs it: a sidecar without Redis starts without it.
  const { Redis } = await import("ioredis");
  const redis = new Redis({
    ...connectionOptions(address, metadata, use),
    retryStrategy: (attempt) => {
      const { redisMinRetryInterval: first, redisMaxRetryInterval: longest } = metadata;
      return Math.max(1, Math.min(longest, Math.max(1, first) * 2 ** Math.min(attempt - 1, 20)));
    },
  });
  const server = `${address.host}:${address.port}`;
  const client = new RedisClient(redis, server, context, use, (other) => openRedis(metadata, context, other));
  try {
    await withinLimits(redis.connect(), use, metadata, context);
    // ioredis selects it at each connection, and goes on with number 0 where there is no such number.
    if (metadata.redisDB > 0) await redis.select(metadata.redisDB);
    return client;
  } catch (error) {
    redis.disconnect();
    const { code, message } = client.error(error);
    throw new ComponentError(code, `component ${context.name}: ${message}`);
  }
}

/** What waits has no limit for the server's silence, but its connecting has: a server that hangs takes connections. */
async function withinLimits(
  connecting: Promise<void>,
  { waits }: RedisUse,
  { dialTimeout, readTimeout }: RedisMetadata,
  { platform }: ComponentContext,
): Promise<void> {
  if (!waits || dialTimeout <= 0 || readTimeout <= 0) return await connecting;
  const ms = dialTimeout + readTimeout;
  await withTimeout(platform.clock, ms, connecting, () => new Error(`it said nothing for ${ms} ms`));
}

function connectionOptions({ host, port }: RedisAddress, metadata: RedisMetadata, use: RedisUse) {
  const { redisUsername, redisPassword, enableTLS, clientCert, clientKey, dialTimeout, readTimeout } =
    metadata;
  return {
    host,
    port,
    db: metadata.redisDB,
    ...(redisUsername !== "" && { username: redisUsername }),
    ...(redisPassword !== "" && { password: redisPassword }),
    ...(enableTLS && { tls: { servername: host, cert: clientCert, key: clientKey } }),
    connectTimeout: Math.max(0, dialTimeout),
    ...(!use.waits && readTimeout > 0 && { socketTimeout: readTimeout }),
    lazyConnect: true,
    protocol: 2 as const,
    disableClientInfo: true,
    // A command that may have been done must not be done a second time behind its caller's back.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  };
}
