import { reasonOf } from "../errors/reason-of.ts";
import { type Platform, untilAborted } from "../platform.ts";
import type { Container } from "./containers.ts";
import { type RemoteRequest, RemoteSource } from "./remote-source.ts";

/** A container that answers an offer, as an API elsewhere would. */
export class ContainerSource {
  readonly #container: Container;
  readonly #platform: Platform;
  #remote: { readonly base: string; readonly source: RemoteSource } | undefined;

  constructor(container: Container, platform: Platform) {
    this.#container = container;
    this.#platform = platform;
  }

  async answer(
    request: RemoteRequest,
    limit: number,
    signal: AbortSignal,
  ): ReturnType<RemoteSource["answer"]> {
    const source = await this.#source(signal);
    try {
      return await source.answer(request, limit, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      if (!this.#container.failed(error))
        throw new Error(`container ${this.#container.image} failed: ${reasonOf(error)}`, { cause: error });
      return await (await this.#source(signal)).answer(request, limit, signal);
    }
  }

  async #source(signal: AbortSignal): Promise<RemoteSource> {
    const base = await untilAborted(this.#container.address(), signal);
    if (this.#remote?.base !== base) this.#remote = { base, source: new RemoteSource(base, this.#platform) };
    return this.#remote.source;
  }

  async despite(request: RemoteRequest): ReturnType<RemoteSource["despite"]> {
    return await this.#remote?.source.despite(request);
  }
}
