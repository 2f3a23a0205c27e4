import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, startDaprd } from "../hosts/daprd.ts";
import { type RedisServer, startRedis } from "../redis-server.ts";
import { temporaryFolder } from "./launch.ts";

export type Side = "daprd" | "daprlet";

const path = "/v1.0/state/shared";

/** daprd and daprlet under one app id, `both`, with the store `shared` on one Redis. */
export class OnOneRedis {
  readonly server: RedisServer;
  readonly #theirs: Daprd;
  readonly #ours: LocalRuntime;
  readonly #remove: () => void;

  private constructor(server: RedisServer, theirs: Daprd, ours: LocalRuntime, remove: () => void) {
    this.server = server;
    this.#theirs = theirs;
    this.#ours = ours;
    this.#remove = remove;
  }

  static async start(): Promise<OnOneRedis> {
    const { folder, remove } = temporaryFolder();
    const server = await startRedis();
    const metadata = { redisHost: server.address, redisPassword: "" };
    const component = { name: "shared", type: "state.redis", metadata };
    const resources = join(folder, "resources");
    mkdirSync(resources);
    writeFileSync(join(resources, "shared.yaml"), componentYaml(component));
    const theirs = await startDaprd({ appId: "both", resources });
    const ours = await createRuntime({ appId: "both", clock: "system", components: [component] });
    return new OnOneRedis(server, theirs, ours, remove);
  }

  async stop(): Promise<void> {
    await this.#ours.stop();
    await this.#theirs.stop();
    await this.server.stop();
    this.#remove();
  }

  async ask(on: Side, below: string, method = "GET", body?: unknown, etag?: string) {
    const headers = { "content-type": "application/json", ...(etag !== undefined && { "if-match": etag }) };
    const options = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    if (on === "daprd") {
      const { status, text, fields } = await this.#theirs.fetch(path + below, options);
      return { status, text, headers: new Map(fields) };
    }
    const answer = await this.#ours.fetch(path + below, options);
    return { status: answer.status, text: await answer.text(), headers: new Map(answer.headers) };
  }

  async save(on: Side, ...items: unknown[]): Promise<number> {
    return (await this.ask(on, "", "POST", items)).status;
  }

  async erase(on: Side, key: string, etag?: string): Promise<number> {
    return (await this.ask(on, `/${key}`, "DELETE", undefined, etag)).status;
  }

  async transact(on: Side, ...upserts: unknown[]): Promise<number> {
    const operations = upserts.map((request) => ({ operation: "upsert", request }));
    return (await this.ask(on, "/transaction", "POST", { operations })).status;
  }

  async get(on: Side, key: string) {
    const { status, text, headers } = await this.ask(on, `/${key}`);
    return { status, text, etag: headers.get("etag"), expires: headers.get("metadata.ttlexpiretime") };
  }

  /** What Redis itself has for a key of the app. */
  fields(key: string): Promise<Record<string, string>> {
    return this.server.client.hgetall(`both||${key}`);
  }
}
