import { toShim } from "./fetch-door.ts";
import { DOOR_HEADER } from "./messages.ts";
import { unavailable } from "./sidecars.ts";

/**
 * Responses that never end while page and worker live, one for each page by the name of its connection. An open one
 * holds the worker, where timers and messages of a background tab would not; its break tells each side of the other's
 * end at once.
 */
export class Links {
  readonly #controllers = new Map<string, ReadableStreamDefaultController<Uint8Array>>();

  /** `gone` is called when the page has closed its end. */
  open(name: string, gone: () => void): Response {
    this.close(name);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void this.#controllers.set(name, controller),
      cancel: () => {
        this.#controllers.delete(name);
        gone();
      },
    });
    return new Response(body, { headers: { [DOOR_HEADER]: "200", "cache-control": "no-store" } });
  }

  /** The answer to a page that this worker has not met: it has to say hello first. */
  refuse(): Response {
    return toShim("GET", unavailable("this worker does not know the page yet"));
  }

  close(name: string): void {
    const controller = this.#controllers.get(name);
    this.#controllers.delete(name);
    try {
      controller?.close();
    } catch {
      // The page has ended it in the meantime.
    }
  }
}
