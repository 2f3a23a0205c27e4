import { AppUnreachableError } from "../../host/channel/app-channel.ts";
import { UnavailableError } from "../../host/mesh/transport.ts";
import type { Clock } from "../../host/platform.ts";
import type { WireResponse } from "../messages.ts";
import type { TabReply } from "./tab-messages.ts";

/** A call of another tab, until its answer has wholly arrived. */
export class TabCall {
  /** Rejects as `Instance.invoke` does. */
  readonly answer: Promise<WireResponse>;
  readonly #cancelTimer: () => void;
  readonly #enough: () => void;
  readonly #over: () => void;
  #resolve: (response: WireResponse) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  #taken = false;

  /** `enough` tells the other tab to stop; `over` is called once when nothing more is expected of it. */
  constructor(
    readonly to: string,
    takeMs: number,
    clock: Clock,
    signal: AbortSignal | undefined,
    enough: () => void,
    over: () => void,
  ) {
    this.#enough = enough;
    this.#over = over;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#cancelTimer = clock.after(takeMs, () => this.lose("the tab is asleep or gone"));
    signal?.addEventListener(
      "abort",
      () => {
        enough();
        this.#end(signal.reason);
      },
      { once: true },
    );
  }

  hear(message: TabReply): void {
    switch (message.type) {
      case "taken":
        this.#taken = true;
        this.#cancelTimer();
        break;
      case "answer":
        this.#resolve(message.streamed ? { ...message.response, body: this.#body() } : message.response);
        if (!message.streamed) this.#end(undefined);
        break;
      case "part":
        if (message.bytes !== undefined) this.#stream?.enqueue(message.bytes);
        else {
          this.#stream?.close();
          this.#stream = undefined;
          this.#end(undefined);
        }
        break;
      case "failed":
        this.#end(new AppUnreachableError(message.cause, { sent: message.sent }));
        break;
    }
  }

  /** The other tab is gone, or this one leaves. */
  lose(cause: string): void {
    this.#end(new UnavailableError(cause, { sent: this.#taken }));
  }

  /** Rejects what has not been answered and breaks what is being streamed. */
  #end(error: unknown): void {
    this.#cancelTimer();
    this.#reject(error);
    this.#stream?.error(error);
    this.#stream = undefined;
    this.#over();
  }

  #body(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start: (controller) => {
        this.#stream = controller;
      },
      cancel: () => {
        this.#stream = undefined;
        this.#enough();
        this.#over();
      },
    });
  }
}
