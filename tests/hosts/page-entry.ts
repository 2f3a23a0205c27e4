/** What the host's page loads beside the client: the test app, and one fetch whose outcome can leave the page. */
import { actorConfig, createTestApp, subscriptions } from "../api/app.ts";
import { collect, inHalves } from "./web-body.ts";

export interface PageCall {
  readonly url: string;
  readonly method: string;
  readonly headers: [string, string][];
  /** Base64, or where the site has it: megabytes take seconds by the first way. */
  readonly body: string | { readonly at: string } | undefined;
  readonly streamed: boolean;
  readonly timeout: number;
  /** The page's own fetch, which the worker intercepts, instead of the shim. */
  readonly native: boolean;
}

export interface PageAnswer {
  readonly status: number;
  readonly fields: [string, string][];
  /** Base64. */
  readonly body: string;
  readonly spread: number;
}

declare global {
  interface Window {
    daprletTest: {
      readonly createTestApp: typeof createTestApp;
      readonly subscriptions: typeof subscriptions;
      readonly actorConfig: typeof actorConfig;
      call(call: PageCall): Promise<PageAnswer>;
    };
  }
}

const native = window.fetch.bind(window);

async function toBase64(bytes: Uint8Array): Promise<string> {
  if (bytes.byteLength === 0) return "";
  return await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error);
    reader.onload = () => {
      const url = String(reader.result);
      resolve(url.slice(url.indexOf(",") + 1));
    };
    reader.readAsDataURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  });
}

window.daprletTest = {
  createTestApp,
  subscriptions,
  actorConfig,
  async call({ url, method, headers, body, streamed, timeout, native: unpatched }) {
    const bytes =
      body === undefined
        ? undefined
        : typeof body === "string"
          ? Uint8Array.from(atob(body), (c) => c.charCodeAt(0))
          : new Uint8Array(await (await native(body.at)).arrayBuffer());
    const init: RequestInit & { duplex?: "half" } = {
      method,
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(timeout),
    };
    if (bytes !== undefined) init.body = streamed ? inHalves(bytes) : bytes;
    if (streamed) init.duplex = "half";
    const response = await (unpatched ? native : window.fetch)(url, init);
    const { bytes: answered, spread } = await collect(response);
    return {
      status: response.status,
      fields: [...response.headers],
      body: await toBase64(answered),
      spread,
    };
  },
};
