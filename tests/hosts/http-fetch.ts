import { Agent, request } from "node:http";
import { Answer, type Fetch } from "./host.ts";

/** A client that sends the path as written, over kept-alive connections to one port of this machine. */
export function httpFetch(port: number): { fetch: Fetch; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const fetch: Fetch = (
    path,
    { method = "GET", headers = {}, body, streamed = false, timeout = 15_000 } = {},
  ) =>
    new Promise((resolve, reject) => {
      const fields = Array.isArray(headers) ? headers : Object.entries(headers);
      const list: string[] = ["host", `localhost:${port}`];
      for (const [name, value] of fields) {
        if (name === "host") list[1] = value;
        else list.push(name, value);
      }
      const bytes = typeof body === "string" ? Buffer.from(body) : body;
      if (bytes !== undefined && streamed) list.push("transfer-encoding", "chunked");
      else if (bytes !== undefined) list.push("content-length", String(bytes.byteLength));
      const call = request(
        { host: "127.0.0.1", port, path, method, headers: list as unknown as string[], agent },
        (response) => {
          const chunks: Buffer[] = [];
          let first = 0;
          response.on("data", (chunk: Buffer) => {
            if (chunks.length === 0) first = performance.now();
            chunks.push(chunk);
          });
          response.on("error", reject);
          response.on("end", () => {
            const raw: [string, string][] = [];
            for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
              raw.push([String(response.rawHeaders[i]).toLowerCase(), String(response.rawHeaders[i + 1])]);
            }
            const spread = chunks.length === 0 ? 0 : performance.now() - first;
            resolve(new Answer(response.statusCode ?? 0, raw, new Uint8Array(Buffer.concat(chunks)), spread));
          });
        },
      );
      call.setTimeout(timeout, () =>
        call.destroy(new Error(`no answer to ${method} ${path} in ${timeout} ms`)),
      );
      call.on("upgrade", (_, socket) => {
        socket.destroy();
        reject(new Error("it went over to another protocol"));
      });
      call.on("error", reject);
      if (bytes === undefined || !streamed) {
        call.end(bytes);
        return;
      }
      const half = bytes.byteLength >> 1;
      call.write(bytes.subarray(0, half));
      setTimeout(() => call.end(bytes.subarray(half)), 30);
    });
  return { fetch, close: () => agent.destroy() };
}
