import type { RuntimeRequest, RuntimeResponse } from "../http.ts";
import type { AppChannel } from "./app-channel.ts";

/** An app that is a function over the runtime's own records, in this process. What it throws reaches the caller. */
export function functionChannel(
  app: (request: RuntimeRequest) => RuntimeResponse | Promise<RuntimeResponse>,
): AppChannel {
  return {
    async invoke(request) {
      return await app(request);
    },
    ready: () => Promise.resolve(),
    properties: { protocol: "function" },
    close: () => Promise.resolve(),
  };
}
