import type { Clock } from "../../../platform.ts";
import type { Token } from "./token-endpoint.ts";

/** A token is renewed so long before its end, which is on the provider's clock. */
const EARLY_MS = 10_000;
/** How long one is used whose end the provider does not tell. */
const UNTOLD_MS = 5 * 60_000;

/** The token of a client itself, asked for once however many wait for it, and again before it ends. */
export class ClientToken {
  readonly #clock: Clock;
  readonly #ask: () => Promise<Token>;
  #asking: Promise<Token> | undefined;
  #header = "";
  #until = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, ask: () => Promise<Token>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** The header's value. Rejects as the asking does; the next call asks again. */
  async header(): Promise<string> {
    if (this.#clock.now() < this.#until) return this.#header;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    const { header, expiresInMs = UNTOLD_MS + EARLY_MS } = await this.#asking;
    this.#header = header;
    this.#until = this.#clock.now() + Math.max(0, expiresInMs - EARLY_MS);
    return header;
  }
}
