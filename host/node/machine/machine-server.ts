import { existsSync, mkdirSync } from "node:fs";
import { rename, rmdir, unlink } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { type Body, json, type RuntimeRequest, type RuntimeResponse, text } from "../../http.ts";
import type { Member, Receiver } from "../../mesh/transport.ts";
import type { Log } from "../../platform.ts";
import { collect, NodeRequest, stream } from "../node-request.ts";
import { respond } from "../respond.ts";
import type { CallerConnection } from "./caller-connection.ts";
import { socketName } from "./runtime-folder.ts";
import { callProtocol, identity, parseIdentity, words } from "./words.ts";

/** What the command line may ask of a running sidecar over its private socket. */
export interface MachineControl {
  /** Merged into the answer of `GET /sidecar`: ports, pids. */
  status(): Readonly<Record<string, string | number | undefined>>;
  /** A call of Dapr's API (`publish`, `invoke`); whoever may open the socket needs no token. */
  api(request: RuntimeRequest): Promise<RuntimeResponse>;
  /** Begins a graceful stop. */
  stop(): void;
}

export interface MachineServer {
  close(): Promise<void>;
}

/** Bytes up to which the body of a command is collected. */
const collectUpTo = 1 << 20;
const bodyIdleMs = 30_000;
/** How long calls under way may last once the sidecar leaves. */
const drainMs = 5_000;
/** Longer than callers believe a listing: a sidecar that has callers goes on answering until they know it has left. */
const farewellMs = 250;

/** Listens on the instance's socket in `folder`; others can find it once this resolves. */
export async function serveMachine(
  folder: string,
  self: Member,
  receive: Receiver,
  control: MachineControl | undefined,
  log: Log,
): Promise<MachineServer> {
  const me = identity(self.namespace, self.appId);

  const answer = (request: RuntimeRequest) => controlled(request, self, control);
  const callers = new Set<CallerConnection>();
  let leaving = false;
  async function upgrade({ headers }: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const caller = parseIdentity(String(headers[words.caller]));
    if (caller === undefined || headers[words.callee] !== me || headers.upgrade !== callProtocol) {
      socket.end("HTTP/1.1 421 Misdirected Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    // Loaded with the first caller: a sidecar starts without it.
    const { CallerConnection } = await import("./caller-connection.ts");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${callProtocol}\r\n\r\n`,
    );
    const peer = { ...caller, address: "127.0.0.1" };
    const connection = new CallerConnection(socket as Socket, head, peer, receive, log);
    callers.add(connection);
    socket.once("close", () => callers.delete(connection));
    if (leaving) connection.leave();
  }

  const server = createServer(
    { keepAliveTimeout: 60_000, requestTimeout: 0, noDelay: true },
    (request, response) => accept(request, response, answer, log),
  );
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    void upgrade(request, socket, head);
  });
  const path = join(folder, socketName(self.instance));
  const hidden = join(folder, `.${socketName(self.instance).slice(1)}`);
  await bind(server, folder, hidden);
  server.on("error", (error) => log.error("the machine's socket failed", { cause: error.message }));
  // Between bind and listen a socket refuses connections and would be taken for a dead one: it shows up when it works.
  await rename(hidden, path);
  server.unref();

  let closed: Promise<void> | undefined;
  return {
    close() {
      closed ??= (async () => {
        await unlink(path).catch(() => undefined);
        // The last one takes the app's folder along: generated ids would pile up.
        await rmdir(folder).catch(() => undefined);
        const connections = await new Promise<number>((resolve) => {
          server.getConnections((_error, count) => resolve(count ?? 0));
        });
        if (connections > 0) await new Promise((resolve) => setTimeout(resolve, farewellMs));
        leaving = true;
        for (const caller of callers) caller.leave();
        const cut = setTimeout(() => {
          for (const caller of callers) caller.destroy();
          server.closeAllConnections();
        }, drainMs);
        const sweep = setInterval(() => server.closeIdleConnections(), 50);
        await new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeIdleConnections();
        });
        clearTimeout(cut);
        clearInterval(sweep);
      })();
      return closed;
    },
  };
}

/** Attempts at a folder that another instance, leaving as the last one, may remove between its making and its use. */
const bindAttempts = 5;

async function bind(server: Server, folder: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(path, () => {
          server.off("error", reject);
          resolve();
        });
      });
      return;
    } catch (error) {
      if (attempt === bindAttempts || existsSync(folder)) throw error;
    }
  }
}

async function controlled(
  request: RuntimeRequest,
  self: Member,
  control: MachineControl | undefined,
): Promise<RuntimeResponse> {
  if (request.method === "GET" && request.path === "/sidecar") {
    const { appId, namespace, instance } = self;
    return json({ appId, namespace, instance, ...control?.status() });
  }
  if (control === undefined) return text("this sidecar takes no commands", 404);
  if (request.method === "POST" && request.path === "/sidecar/stop") {
    control.stop();
    return text("stopping", 202);
  }
  return control.api(request);
}

function accept(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (request: RuntimeRequest) => Promise<RuntimeResponse>,
  log: Log,
): void {
  const { rawHeaders: raw } = request;
  const headers = new Array<string>(raw.length);
  let length = 0;
  let chunked = false;
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    headers[i] = name;
    headers[i + 1] = raw[i + 1] as string;
    if (name === "content-length") length = Number(raw[i + 1]);
    else if (name === "transfer-encoding") chunked = true;
  }
  const target = request.url as string;
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? "" : target.slice(mark + 1);
  const dispatch = (body: Body) => {
    const record = new NodeRequest(request.method as string, path, query, headers, body, response);
    answer(record)
      .catch((error: unknown) => {
        if (!response.destroyed) {
          const cause = error instanceof Error ? error.message : "unknown";
          log.error("a command failed", { cause });
        }
        return text("the sidecar failed; see its log", 500);
      })
      .then((result) => respond(response, result, undefined))
      .catch((error: unknown) => {
        log.debug("an answer was cut off", { cause: error instanceof Error ? error.message : "unknown" });
        response.destroy();
      });
  };
  if (!chunked && length > 0 && length <= collectUpTo) collect(request, length, bodyIdleMs, dispatch);
  else dispatch(chunked || length > 0 ? stream(request, Number.POSITIVE_INFINITY) : undefined);
}
