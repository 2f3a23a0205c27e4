import {
  type BindingRequest,
  type BindingResponse,
  defineBinding,
  type OutputBinding,
} from "../../components/bindings/binding.ts";
import { ComponentError } from "../../errors/component-error.ts";
import type { RedisClient, RedisScript } from "./redis/redis-client.ts";
import { redisMetadata } from "./redis/redis-metadata.ts";

/** Both or neither, so that no counter outlives its time. */
const increment = `
local value = redis.call('INCR', KEYS[1])
if ARGV[1] then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return value`;

function refuse(message: string): never {
  throw new ComponentError("INVALID_ARGUMENT", message);
}

/** Seconds; undefined for no expiry. */
function ttlOf(metadata: ReadonlyMap<string, string>): number | undefined {
  const ttl = metadata.get("ttlInSeconds");
  if (ttl === undefined || ttl === "") return undefined;
  if (!/^[+-]?\d{1,15}$/.test(ttl))
    return refuse("ttlInSeconds of the request's metadata must be an integer");
  return Number(ttl) < 0
    ? refuse("ttlInSeconds of the request's metadata must not be negative")
    : Number(ttl);
}

class RedisBinding implements OutputBinding {
  readonly operations = ["create", "delete", "get", "increment"];
  readonly #client: RedisClient;
  readonly #increment: RedisScript;

  constructor(client: RedisClient) {
    this.#client = client;
    this.#increment = client.script(increment);
  }

  async invoke({ operation, data, metadata }: BindingRequest): Promise<BindingResponse | undefined> {
    const key = metadata.get("key");
    if (key === undefined || key === "") return refuse("redis binding: missing key in request metadata");
    switch (operation) {
      case "get": {
        const found = await this.#client.callBuffer(
          metadata.get("delete") === "true" ? "GETDEL" : "GET",
          key,
        );
        return { data: (found as Buffer | null) ?? undefined, metadata: new Map() };
      }
      case "delete":
        await this.#client.call("DEL", key);
        return undefined;
      case "increment": {
        const ttl = ttlOf(metadata);
        await this.#increment([key], ttl === undefined ? [] : [ttl]);
        return undefined;
      }
      case "create":
        await this.#create(key, data, ttlOf(metadata));
        return undefined;
      default:
        return refuse(`redis binding: no operation ${operation}; use ${this.operations.join(", ")}`);
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  /** With no time to live it is gone at once. */
  async #create(key: string, data: Uint8Array, ttl: number | undefined): Promise<void> {
    const value = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (ttl === 0) await this.#client.call("DEL", key);
    else await this.#client.call("SET", key, value, ttl === undefined ? [] : ["EX", ttl]);
  }
}

export const redisBinding = defineBinding({
  type: "bindings.redis",
  version: "v1",
  summary: "Values of a Redis server by key: create, get, delete, increment.",
  metadata: redisMetadata,
  features: ["OUTPUT_BINDING"],
  async open(metadata, context) {
    const { openRedis } = await import("./redis/redis-client.ts");
    return new RedisBinding(await openRedis(metadata, context));
  },
});
