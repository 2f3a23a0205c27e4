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
    const base = await untilAborted(this.#container.address(), signal);
    if (this.#remote?.base !== base) this.#remote = { base, source: new RemoteSource(base, this.#platform) };
    return await this.#remote.source.answer(request, limit, signal);
  }

  async despite(request: RemoteRequest): ReturnType<RemoteSource["despite"]> {
    return await this.#remote?.source.despite(request);
  }
}
