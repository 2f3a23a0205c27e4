import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import type { TestEngine } from "./container-engines.ts";

const openapi = {
  openapi: "3.1.0",
  info: { title: "detect", version: "1" },
  paths: { "/object": { post: { operationId: "object", requestBody: { content: { "*/*": {} } } } } },
};

interface Shown {
  readonly measured: object;
  readonly containers?: readonly {
    readonly status: string;
    readonly started: number;
    readonly cause?: string;
  }[];
}

/** The book's manifest of the offers. */
export function bookManifest(...offers: readonly string[]): string {
  const lines = offers.map((offer) => `  - ${offer}\n`).join("");
  return `name: object-detection\nversion: "1.0"\nlimits: { timeMs: 60000 }\noffers:\n${lines}`;
}

/** A sidecar whose package is in a container of an engine, which is the only one on its PATH. */
export class ContainerSidecar {
  readonly folder = mkdtempSync(join(tmpdir(), "daprlet-containers-"));
  readonly package = join(this.folder, "package");
  readonly warnings: string[] = [];
  readonly #engine: TestEngine;
  #runtime: LocalRuntime | undefined;

  constructor(engine: TestEngine) {
    this.#engine = engine;
    mkdirSync(this.package);
    for (const [name, value] of Object.entries(engine.environment(this.folder))) vi.stubEnv(name, value);
  }

  /** What is offered by the engine's image. */
  get container(): string {
    return `Container: { image: "${this.#engine.image}", port: 5000 }`;
  }

  write(text: string): void {
    writeFileSync(join(this.package, "openapi.json"), JSON.stringify(openapi));
    writeFileSync(join(this.package, "capability.yaml"), text);
  }

  async start(
    text: string,
    grant: unknown = "all",
    clock: "system" | "fake" = "system",
  ): Promise<LocalRuntime> {
    this.write(text);
    this.#runtime = await createRuntime({
      clock,
      capabilities: { paths: [this.package], grants: { "object-detection": grant } },
      log: { debug() {}, info() {}, warn: (message) => this.warnings.push(message), error() {} },
    });
    return this.#runtime;
  }

  async call(body = "picture", path = "/v1/capabilities/object?as=rectangles") {
    const response = await this.#started.fetch(path, { method: "POST", body });
    const from = response.headers.get("daprlet-capability-source");
    return { status: response.status, from, text: await response.text() };
  }

  /** Which container answers. */
  async id(body?: string): Promise<string> {
    const { status, text } = await this.call(body);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return (JSON.parse(text) as { id: string }).id;
  }

  async shown(): Promise<Shown> {
    const { capabilities } = (await (await this.#started.fetch("/v1.0/capabilities")).json()) as {
      capabilities: Shown[];
    };
    return capabilities[0] as Shown;
  }

  async stop(): Promise<void> {
    await this.#runtime?.stop(0);
    vi.unstubAllEnvs();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #started(): LocalRuntime {
    if (this.#runtime === undefined) throw new Error("it was not started");
    return this.#runtime;
  }
}
