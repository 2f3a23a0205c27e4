import { openWasm } from "../../host/capability/http-wasm/open-wasm.ts";
import type { ComponentContext } from "../../host/components/component.ts";
import type { HttpMiddleware, Next } from "../../host/components/middleware/middleware.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { type RuntimeRequest, type RuntimeResponse, readBody } from "../../host/http.ts";
import type { LogLevel } from "../../host/platform.ts";
import { inProcess } from "./in-process.ts";

export interface Opened extends HttpMiddleware {
  readonly lines: readonly string[];
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A guest in this process, as `middleware.http.wasm`. */
export async function opened(
  guest: Uint8Array<ArrayBuffer>,
  guestConfig = "",
  strictSandbox = false,
  maxMemory = 1 << 20,
  level: LogLevel = "debug",
): Promise<Opened> {
  const clock = new FakeClock();
  const lines: string[] = [];
  const note = (level: string) => (text: string) => void lines.push(`${level}: ${text}`);
  const log = { level, debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") };
  const open = openWasm({
    eager: false,
    confinement: () => inProcess(clock),
    read: async () => guest,
  });
  const metadata = {
    url: "file:///guest.wasm",
    guestConfig,
    strictSandbox,
    sha256: undefined,
    maxMemory,
    timeout: 1_000,
  };
  const context = { name: "guest", platform: { clock }, log } as unknown as ComponentContext;
  return Object.assign(await open(metadata, context), { lines });
}

export interface Seen {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

const shown = (list: readonly string[]) =>
  list.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${list[i + 1]}`] : [])).join("\n");

export async function seen({ status, headers, body }: RuntimeResponse): Promise<Seen> {
  return { status, headers: shown(headers), body: decoder.decode(await readBody(body)) };
}

/** What is behind it: answers with what it got. */
export const echo: Next = async ({ method, path, query, headers, body }) => ({
  status: 201,
  headers: ["content-type", "text/plain", "x-next", "1"],
  body: encoder.encode(
    [`${method} ${path}?${query}`, shown(headers), decoder.decode(await readBody(body))].join("\n"),
  ),
});

export const request = (changes: Partial<RuntimeRequest> = {}): RuntimeRequest => ({
  method: "POST",
  path: "/v1.0/hi",
  query: "name=panda",
  headers: ["host", "localhost", "x-a", "1", "x-b", "2", "x-a", "3", "content-length", "5"],
  body: encoder.encode("hello"),
  remoteAddress: "127.0.0.1",
  ...changes,
});
