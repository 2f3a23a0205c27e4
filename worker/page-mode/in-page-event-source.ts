import { serverSentEvents } from "../../host/server-sent-events.ts";

const RETRY_MS = 3000;

/** EventSource for a page without a service worker: the API's streams through the patched fetch, all others its own. */
export function inPageEventSource(
  page: Window & typeof globalThis,
  ours: (address: string) => boolean,
): typeof EventSource {
  const Native = page.EventSource;
  class InPageEventSource extends EventTarget {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSED = 2;
    readonly CONNECTING = 0;
    readonly OPEN = 1;
    readonly CLOSED = 2;
    readonly withCredentials = false;
    readyState = 0;
    onopen: ((event: Event) => unknown) | null = null;
    onmessage: ((event: MessageEvent) => unknown) | null = null;
    onerror: ((event: Event) => unknown) | null = null;
    readonly #abort = new AbortController();
    #lastId = "";
    #retry = RETRY_MS;

    constructor(readonly url: string) {
      super();
      void this.#run();
    }

    close(): void {
      this.readyState = 2;
      this.#abort.abort();
    }

    async #run(): Promise<void> {
      while (this.readyState !== 2) {
        try {
          const headers = new Headers({ accept: "text/event-stream" });
          if (this.#lastId !== "") headers.set("last-event-id", this.#lastId);
          const response = await page.fetch(this.url, { headers, signal: this.#abort.signal });
          const type = response.headers.get("content-type") ?? "";
          if (response.status !== 200 || !type.startsWith("text/event-stream") || response.body === null) {
            this.readyState = 2;
            this.#tell(new Event("error"));
            return;
          }
          this.readyState = 1;
          this.#tell(new Event("open"));
          await this.#read(response.body);
        } catch {
          // The stream broke; it is opened again below.
        }
        if (this.readyState === 2) return;
        this.readyState = 0;
        this.#tell(new Event("error"));
        await new Promise((later) => setTimeout(later, this.#retry));
      }
    }

    async #read(body: ReadableStream<Uint8Array>): Promise<void> {
      for await (const fields of serverSentEvents(body, this.#abort.signal)) {
        const [id, retry, data] = ["id", "retry", "data"].map((name) => fields.get(name));
        if (id !== undefined && !id.includes("\0")) this.#lastId = id;
        if (retry !== undefined && /^\d+$/.test(retry)) this.#retry = Number(retry);
        if (data === undefined) continue;
        const init = { data, lastEventId: this.#lastId, origin: page.location.origin };
        this.#tell(new MessageEvent(fields.get("event") || "message", init));
      }
    }

    #tell(event: Event): void {
      if (event.type === "open") this.onopen?.(event);
      else if (event.type === "message") this.onmessage?.(event as MessageEvent);
      else if (event.type === "error") this.onerror?.(event);
      this.dispatchEvent(event);
    }
  }
  // A constructor that answers another object than its own: the browser's, for what is not ours.
  return new Proxy(InPageEventSource as unknown as typeof EventSource, {
    construct(target, [url, init]: [string | URL, EventSourceInit | undefined]) {
      const address = new URL(url, page.document.baseURI).href;
      return ours(address)
        ? new (target as unknown as typeof InPageEventSource)(address)
        : new Native(url, init);
    },
  });
}
