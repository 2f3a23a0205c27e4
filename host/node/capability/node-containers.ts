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
  #engine: ContainerEngine | undefined;
  #swept: Promise<void> | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  get refusal(): string | undefined {
    this.#engine ??= ContainerEngine.find();
    return this.#engine === undefined
      ? "neither docker nor podman is on the PATH to run it: install one of them"
      : undefined;
  }

  open(image: string, port: number, limits: Limits): NodeContainer {
    this.#engine ??= ContainerEngine.find();
    if (this.#engine === undefined) throw new Error(`container ${image} cannot be run: ${this.refusal}`);
    this.#swept ??= this.#engine.sweep();
    const host = {
      engine: this.#engine,
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
}
