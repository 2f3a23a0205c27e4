import type { Durability } from "../../../components/component.ts";
import type { RedisClient } from "./redis-client.ts";

/** By the server's configuration; a user who may not read it is promised less than may be true. */
export async function durabilityOf(client: RedisClient): Promise<Durability> {
  const setting = async (name: string) => ((await client.call("CONFIG", "GET", name)) as string[])[1] ?? "";
  try {
    const [appendonly, appendfsync, save] = await Promise.all(
      ["appendonly", "appendfsync", "save"].map(setting),
    );
    if (appendonly === "yes") return appendfsync === "always" ? "persistent" : "best-effort";
    return save === "" ? "memory" : "best-effort";
  } catch {
    return "best-effort";
  }
}
