import type { Containers } from "../../capability/containers.ts";
import type { Limits } from "../../capability/manifest.ts";
import type { Platform } from "../../platform.ts";
import { ContainerEngine } from "./container-engine.ts";
import { NodeContainer } from "./node-container.ts";

/** Containers of this machine's docker or podman, ended with the sidecar; what a killed one left, with the next. */
export class NodeContainers implements Containers {
  readonly #platform: Platform;
  /** Those that were started and not ended. */
  readonly #started = new Set<NodeContainer>();
  #found: readonly ContainerEngine[] = [];
  #engine: ContainerEngine | undefined;
  #swept: Promise<void> | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  get refusal(): string | undefined {
    if (this.#found.length === 0) this.#found = ContainerEngine.found();
    return this.#found.length === 0
      ? "neither docker nor podman is on the PATH to run it: install one of them"
      : undefined;
  }

  open(image: string, port: number, limits: Limits): NodeContainer {
    if (this.refusal !== undefined) throw new Error(`container ${image} cannot be run: ${this.refusal}`);
    this.#swept ??= Promise.all(this.#found.map((engine) => engine.sweep())).then(() => undefined);
    const host = {
      engine: () => this.#chosen(),
      platform: this.#platform,
      swept: this.#swept,
      started: this.#started,
    };
    return new NodeContainer({ image, port, limits }, host);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#started].map((container) => container.ended()));
    await this.#swept;
  }

  /** The first that answers; where none does, what the usual one says is told. */
  async #chosen(): Promise<ContainerEngine> {
    if (this.#engine !== undefined) return this.#engine;
    const [usual, ...others] = this.#found as readonly [ContainerEngine, ...ContainerEngine[]];
    if (others.length === 0) return usual;
    for (const engine of this.#found) {
      if (!(await engine.answers())) continue;
      this.#engine = engine;
      return engine;
    }
    return usual;
  }
}
