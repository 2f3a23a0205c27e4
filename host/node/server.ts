import { chmod, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { BrowserPolicy } from "../security/browser-guard.ts";
import type { CertificateFiles } from "./certificate-files.ts";
import { type DoorOptions, receive } from "./receive.ts";

export interface ServerOptions extends DoorOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** The switch that chooses it. */
  readonly portSwitch?: string;
  /** Taken instead of a free one, if it is free itself. */
  readonly preferredPort?: number | undefined;
  /** The path of a Unix domain socket to listen on as well: no browser reaches it, so no page is looked for. */
  readonly socket?: string | undefined;
  /** All of them listen on the same port. An address family that the machine lacks is left out. */
  readonly addresses: readonly string[];
  /** HTTPS with this certificate, but for the Unix domain socket. */
  readonly certificate?: CertificateFiles | undefined;
  /** Bytes of the request line and all header fields. */
  readonly maxHeaderSize: number;
}

/** A listening HTTP door. */
export interface HttpServer {
  readonly port: number;
  /** Stops listening, lets requests under way end for at most `graceMs`, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;

/** Listens, and hands every request that a program or an allowed page sends to `handle`. */
export async function listen(options: ServerOptions): Promise<HttpServer> {
  const servers: (Server | SecureServer)[] = [];
  const sockets = new Set<Socket>();
  /** The latest answer on each connection. */
  const answers = new WeakMap<Socket, ServerResponse>();
  let closing = false;
  const secured = options.certificate && (await securing());
  const add = (own: ServerOptions) => {
    const settings = {
      maxHeaderSize: options.maxHeaderSize,
      headersTimeout: HEADERS_TIMEOUT_MS,
      // Streamed uploads may last; a body of announced length has its own idle limit.
      requestTimeout: 0,
      connectionsCheckingInterval: 5_000,
      keepAliveTimeout: 65_000,
      noDelay: true,
    };
    const listener: RequestListener = (request, response) => {
      if (closing) response.shouldKeepAlive = false;
      answers.set(request.socket, response);
      receive(request, response, own);
    };
    const server =
      own.certificate === undefined || secured === undefined
        ? createServer(settings, listener)
        : secured.createServer({ ...settings, ...secured.readCertificate(own.certificate) }, listener);
    server.on("connection", (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    servers.push(server);
    return server;
  };
  let port: number;
  try {
    port = await bindAll(options, () => add(options));
    if (options.socket !== undefined) {
      await bindSocket(add({ ...options, policy: everyone, certificate: undefined }), options.socket);
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  const unwatch =
    options.certificate &&
    secured?.watchCertificate(options.certificate, options.log, (pair) => {
      for (const server of servers) if (isSecure(server)) server.setSecureContext(pair);
    });
  return {
    port,
    async close(graceMs) {
      if (closing) return;
      closing = true;
      unwatch?.();
      const listening = servers.filter((server) => server.listening);
      const closed = Promise.all(
        listening.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
      );
      // Node counts a connection that was opened ahead of its first request as busy, and would wait for it.
      const hangUp = () => {
        for (const socket of sockets) {
          const answer = answers.get(socket);
          if (answer === undefined || answer.writableFinished) socket.destroy();
          // Its caller asks no more on this connection.
          else answer.shouldKeepAlive = false;
        }
      };
      hangUp();
      const sweep = setInterval(hangUp, 50);
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearInterval(sweep);
      clearTimeout(cut);
    },
  };
}

/** What HTTPS takes; a sidecar without a certificate starts without it. */
async function securing() {
  const [{ createServer }, files] = await Promise.all([
    import("node:https"),
    import("./certificate-files.ts"),
  ]);
  return { createServer, ...files };
}

function isSecure(server: Server | SecureServer): server is SecureServer {
  return "setSecureContext" in server;
}

const everyone: BrowserPolicy = { hosts: new Set(["*"]), anyAddress: true, origins: new Set(["*"]) };

/** Attempts at one free port that is free on every address. */
const ATTEMPTS = 10;

async function bindAll(options: ServerOptions, server: () => Server): Promise<number> {
  const fixed = options.port !== 0;
  const wanted = fixed
    ? [options.port]
    : [options.preferredPort ?? 0, ...new Array<number>(ATTEMPTS).fill(0)];
  for (const [i, first] of wanted.entries()) {
    const bound: Server[] = [];
    let port = first;
    try {
      for (const address of options.addresses) {
        const own = server();
        const taken = await bind(own, address, port, options.portSwitch);
        if (taken === undefined) continue;
        bound.push(own);
        port = taken;
      }
      if (bound.length > 0) return port;
      throw new Error(`this machine has none of the addresses ${options.addresses.join(", ")}`);
    } catch (error) {
      for (const own of bound) own.close();
      if (!(error instanceof PortTakenError) || i === wanted.length - 1) throw error;
    }
  }
  throw new Error("no port is free");
}

class PortTakenError extends Error {
  constructor(port: number, address: string, portSwitch: string) {
    super(`port ${port} of ${address} is taken by another program; choose one with ${portSwitch}`);
    this.name = "PortTakenError";
  }
}

/** Answers the port; undefined when the machine has no such address. Throws {@link PortTakenError}. */
function bind(
  server: Server,
  address: string,
  port: number,
  portSwitch = "--dapr-http-port",
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT") resolve(undefined);
      else reject(error.code === "EADDRINUSE" ? new PortTakenError(port, address, portSwitch) : error);
    });
    server.listen({ port, host: address, exclusive: true }, () => {
      settle(server);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** A socket left by a sidecar that was killed is replaced; only this user may open the new one. */
async function bindSocket(server: Server, path: string): Promise<void> {
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      settle(server);
      resolve();
    });
  });
  await chmod(path, 0o600);
}

/** Once listening, an error of one accepted connection is no reason to end. */
function settle(server: Server): void {
  server.removeAllListeners("error");
  server.on("error", () => undefined);
}
