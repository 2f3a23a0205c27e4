import { request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import type { RuntimeRequest, RuntimeResponse } from "../../http.ts";
import { CallExchange, type FrameLink } from "../../mesh/call-exchange.ts";
import { type Instance, UnavailableError } from "../../mesh/transport.ts";
import type { Log } from "../../platform.ts";
import { FrameSocket } from "./frame-socket.ts";
import { callProtocol, wholeUpTo, words } from "./words.ts";

export interface CalleeOptions {
  readonly instance: Instance;
  /** Of its socket. */
  readonly path: string;
  /** Both identities. */
  readonly caller: string;
  readonly callee: string;
  readonly log: Log;
  /** It takes no more calls. */
  ended(): void;
}

/** A sidecar that lives may be busy for a while. */
const connectMs = 5000;

/** The connection over which this sidecar calls another one: all its calls, however many at a time. */
export class CalleeConnection {
  readonly #instance: Instance;
  readonly #exchange: CallExchange;
  readonly #frames: FrameSocket;
  readonly #ended: () => void;

  /** Throws UnavailableError; its cause has the system's code where nobody listens. */
  static async open(options: CalleeOptions): Promise<CalleeConnection> {
    const { appId } = options.instance;
    const [socket, head] = await upgraded(options).catch((error: NodeJS.ErrnoException) => {
      throw new UnavailableError(`${appId} on this machine: ${error.message}`, { cause: error, sent: false });
    });
    return new CalleeConnection(options, socket, head);
  }

  private constructor({ instance, log, ended }: CalleeOptions, socket: Socket, head: Uint8Array) {
    this.#instance = instance;
    this.#ended = ended;
    const link: FrameLink = {
      farSide: `the sidecar of ${instance.appId} on this machine`,
      wholeUpTo,
      send: (frame, body) => this.#frames.send(frame, body),
    };
    const exchange = new CallExchange(() => link, log);
    this.#exchange = exchange;
    this.#frames = new FrameSocket(socket, head, {
      received: (frame, body) => {
        if (frame.t === "leave") this.retire();
        else if ("call" in frame) exchange.received(frame, body);
      },
      lost: () => {
        ended();
        exchange.lost();
      },
    });
  }

  /** Throws UnavailableError, AppUnreachableError, or the signal's reason. */
  invoke(request: RuntimeRequest): Promise<RuntimeResponse> {
    return this.#exchange.invoke(this.#instance, request);
  }

  /** Takes no more calls, and ends once those under way are over. */
  retire(): void {
    this.#ended();
    this.#exchange.allAnswered = () => this.#frames.end();
    if (this.#exchange.waiting === 0) this.#frames.end();
  }
}

/** The socket once the other side has agreed to frames, and what it sent since. */
function upgraded({ path, caller, callee }: CalleeOptions): Promise<[Socket, Uint8Array]> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: "Upgrade",
      upgrade: callProtocol,
      [words.caller]: caller,
      [words.callee]: callee,
    };
    const request = httpRequest({ socketPath: path, path: "/calls", headers, agent: false });
    request.setTimeout(connectMs, () => request.destroy(new Error("it does not answer")));
    request.once("upgrade", (_response, socket, head) => {
      socket.setTimeout(0);
      resolve([socket, head]);
    });
    request.once("response", (response) => {
      response.resume();
      reject(new Error("its socket belongs to another app by now"));
    });
    request.once("error", reject);
    request.end();
  });
}
