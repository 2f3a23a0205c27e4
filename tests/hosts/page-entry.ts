/** What the host's page loads beside the client: the test app, and one fetch whose outcome can leave the page. */
import { createTestApp, subscriptions } from "../api/app.ts";

export interface PageCall {
  readonly url: string;
  readonly method: string;
  readonly headers: [string, string][];
  /** Base64. */
  readonly body: string | undefined;
  readonly timeout: number;
  /** The page's own fetch, which the worker intercepts, instead of the shim. */
  readonly native: boolean;
}

export interface PageAnswer {
  readonly status: number;
  readonly fields: [string, string][];
  /** Base64. */
  readonly body: string;
}

declare global {
  interface Window {
    daprletTest: {
      readonly createTestApp: typeof createTestApp;
      readonly subscriptions: typeof subscriptions;
      call(call: PageCall): Promise<PageAnswer>;
    };
  }
}

const native = window.fetch.bind(window);

async function toBase64(response: Response): Promise<string> {
  const blob = new Blob([await response.arrayBuffer()]);
  return await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error);
    reader.onload = () => {
      const url = String(reader.result);
      resolve(url.slice(url.indexOf(",") + 1));
    };
    reader.readAsDataURL(blob);
  });
}

window.daprletTest = {
  createTestApp,
  subscriptions,
  async call({ url, method, headers, body, timeout, native: unpatched }) {
    const response = await (unpatched ? native : window.fetch)(url, {
      method,
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(timeout),
      ...(body === undefined ? {} : { body: Uint8Array.from(atob(body), (c) => c.charCodeAt(0)) }),
    });
    const empty = response.body === null;
    return {
      status: response.status,
      fields: [...response.headers],
      body: empty ? "" : await toBase64(response),
    };
  },
};
