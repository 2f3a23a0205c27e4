import { FakeClock } from "../../host/fake-clock.ts";
import type { RedisServer } from "../redis-server.ts";

const AGE = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end`;

/** A clock whose steps are also those of a Redis: the server's own cannot be moved, but its keys can be aged. */
export class RedisClock extends FakeClock {
  readonly #server: () => RedisServer;

  constructor(server: () => RedisServer) {
    super();
    this.#server = server;
  }

  override async advance(ms: number): Promise<void> {
    await this.#server().client.eval(AGE, 0, ms);
    await super.advance(ms);
  }
}
