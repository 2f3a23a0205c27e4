import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, startDaprd } from "../hosts/daprd.ts";
import { daprletProgram } from "../hosts/node.ts";
import type { RedisServer } from "../redis-server.ts";

/** The stores of Node that outlive a process. */
export const lastingStores = ["state.sqlite", "state.redis"] as const;

/** daprlet on Node with `store` and a `bus` in Redis. `folder` is where SQLite has its file. */
export function startStore(
  type: (typeof lastingStores)[number],
  server: RedisServer,
  folder: string,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Daprd> {
  const resources = join(folder, "resources");
  mkdirSync(resources);
  const place =
    type === "state.sqlite" ? { connectionString: join(folder, "state.db") } : { redisHost: server.address };
  for (const component of [
    { name: "store", type, metadata: { ...place, ...metadata } },
    { name: "bus", type: "pubsub.redis", metadata: { redisHost: server.address } },
  ]) {
    writeFileSync(join(resources, `${component.name}.yaml`), componentYaml(component));
  }
  const program = [process.execPath, daprletProgram, "daprd"];
  return startDaprd({ appId: `kept-${type}`, resources, program });
}

/** Writes that several callers have under way while their sidecar is killed. */
export interface Writing {
  /** Numbers of the writes that were answered with 204. */
  readonly answered: ReadonlySet<number>;
  /** How many were asked for; their numbers are below. */
  readonly asked: number;
}

/**
 * Lets four callers write, and kills the sidecar `kills` times in the midst of it, each time after `between` more
 * writes were answered. `write` answers the status of the write of that number.
 */
export async function killed(
  sidecar: Daprd,
  kills: number,
  between: number,
  write: (number: number) => Promise<number>,
): Promise<Writing> {
  const answered = new Set<number>();
  let asked = 0;
  let stopped = false;
  const caller = async () => {
    while (!stopped) {
      const number = asked++;
      const status = await write(number).catch(() => 0);
      if (status === 204) answered.add(number);
      // Between two lives nobody answers.
      else await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const callers = Array.from({ length: 4 }, caller);
  for (let i = 0; i < kills; i++) {
    const enough = answered.size + between;
    while (answered.size < enough) await new Promise((resolve) => setTimeout(resolve, 1));
    await sidecar.restart();
  }
  stopped = true;
  await Promise.all(callers);
  return { answered, asked };
}
