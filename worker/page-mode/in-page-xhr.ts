import { unflatten } from "../wire.ts";

type Ours = (address: string) => boolean;

/**
 * XMLHttpRequest for a page without a service worker: what is addressed to the API goes through the patched fetch,
 * everything else is the browser's own. Answers the class to put in its place.
 */
export function inPageXhr(page: Window & typeof globalThis, ours: Ours): typeof XMLHttpRequest {
  const Native = page.XMLHttpRequest;
  return class extends Native {
    #request: { readonly method: string; readonly url: string; readonly headers: string[] } | undefined;
    #abort: AbortController | undefined;
    #state = 0;
    #answer: Response | undefined;
    #bytes = new ArrayBuffer(0);
    #timedOut = false;

    override open(method: string, url: string | URL, ...rest: unknown[]): void {
      this.#request = undefined;
      const address = new URL(url, page.document.baseURI).href;
      if (!ours(address)) {
        (super.open as (...given: unknown[]) => void)(method, url, ...rest);
        return;
      }
      this.#request = { method, url: address, headers: [] };
      this.#answer = undefined;
      this.#bytes = new ArrayBuffer(0);
      this.#enter(1);
    }

    override setRequestHeader(name: string, value: string): void {
      if (this.#request === undefined) super.setRequestHeader(name, value);
      else this.#request.headers.push(name, value);
    }

    override send(body?: Document | XMLHttpRequestBodyInit | null): void {
      if (this.#request === undefined) super.send(body);
      else void this.#send(this.#request, body instanceof Document ? body.documentElement.outerHTML : body);
    }

    async #send(
      { method, url, headers }: { method: string; url: string; headers: string[] },
      body: BodyInit | null | undefined,
    ): Promise<void> {
      const abort = new AbortController();
      this.#abort = abort;
      this.#timedOut = false;
      const timer = this.timeout > 0 ? setTimeout(() => this.#late(), this.timeout) : undefined;
      const bodyless = method.toUpperCase() === "GET" || method.toUpperCase() === "HEAD";
      this.#tell("loadstart");
      try {
        const init: RequestInit = { method, headers: unflatten(headers), signal: abort.signal };
        if (!bodyless && body != null) init.body = body;
        this.#answer = await page.fetch(url, init);
        this.#enter(2);
        this.#bytes = await this.#answer.arrayBuffer();
        this.#enter(3);
        this.#tell("progress");
        this.#enter(4);
        this.#tell("load");
      } catch {
        this.#answer = undefined;
        this.#enter(4);
        this.#tell(this.#timedOut ? "timeout" : abort.signal.aborted ? "abort" : "error");
      } finally {
        clearTimeout(timer);
        this.#tell("loadend");
      }
    }

    #late(): void {
      this.#timedOut = true;
      this.#abort?.abort();
    }

    override abort(): void {
      if (this.#request === undefined) super.abort();
      else this.#abort?.abort();
    }

    #enter(state: number): void {
      this.#state = state;
      this.dispatchEvent(new Event("readystatechange"));
    }

    #tell(type: string): void {
      const loaded = this.#bytes.byteLength;
      this.dispatchEvent(
        new ProgressEvent(type, { loaded, total: loaded, lengthComputable: this.#state === 4 }),
      );
    }

    override get readyState(): number {
      return this.#request === undefined ? super.readyState : this.#state;
    }

    override get status(): number {
      return this.#request === undefined ? super.status : (this.#answer?.status ?? 0);
    }

    override get statusText(): string {
      return this.#request === undefined ? super.statusText : (this.#answer?.statusText ?? "");
    }

    override get responseURL(): string {
      return this.#request === undefined ? super.responseURL : (this.#answer?.url ?? "");
    }

    override get responseText(): string {
      return this.#request === undefined ? super.responseText : new TextDecoder().decode(this.#bytes);
    }

    override get response(): unknown {
      if (this.#request === undefined) return super.response;
      if (this.responseType === "" || this.responseType === "text") return this.responseText;
      if (this.#state !== 4 || this.#answer === undefined) return null;
      if (this.responseType === "arraybuffer") return this.#bytes;
      const type = this.#answer.headers.get("content-type") ?? "";
      if (this.responseType === "blob") return new Blob([this.#bytes], { type });
      if (this.responseType === "document") {
        return new DOMParser().parseFromString(
          this.responseText,
          type.includes("xml") ? "text/xml" : "text/html",
        );
      }
      try {
        return JSON.parse(this.responseText);
      } catch {
        return null;
      }
    }

    override getResponseHeader(name: string): string | null {
      return this.#request === undefined
        ? super.getResponseHeader(name)
        : (this.#answer?.headers.get(name) ?? null);
    }

    override getAllResponseHeaders(): string {
      if (this.#request === undefined) return super.getAllResponseHeaders();
      return [...(this.#answer?.headers ?? [])].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    }
  };
}
