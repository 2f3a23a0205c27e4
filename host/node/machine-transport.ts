import { mkdirSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Pool } from "undici";
import { AppUnreachableError } from "../channel/app-channel.ts";
import {
  type Headers,
  header,
  type RuntimeRequest,
  type RuntimeResponse,
  readBody,
  withoutHeader,
} from "../http.ts";
import {
  type Instance,
  type Member,
  type Receiver,
  type Transport,
  UnavailableError,
} from "../mesh/transport.ts";
import type { Clock, Log } from "../platform.ts";
import { ExchangeError, exchange } from "./exchange.ts";
import { type MachineControl, type MachineServer, serveMachine } from "./machine/machine-server.ts";
import { appFolder, instancesIn, ownFolder, socketName } from "./machine/runtime-folder.ts";
import { identity, type Unreachable, words } from "./machine/words.ts";
import { openPool } from "./open-pool.ts";

export interface MachineTransportOptions {
  /** `runtimeFolder(process.env)` in a process; a folder of its own in a test. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** What the command line may ask; absent: only who this is. */
  readonly control?: MachineControl;
}

interface Known {
  readonly at: number;
  readonly instances: readonly MachineInstance[];
}

/** How long a listing of an app's folder is believed. A dead instance in it costs one refused connection. */
const listingMs = 200;
const connectMs = 1000;
/** How long an instance refuses connections until its entry is removed. */
const deadAfterMs = 900;
/** Below the length of the queue in which Node's server keeps connections that it has not accepted yet. */
const maxConnections = 500;

/**
 * The sidecars of one user on one machine, found without anything configured or running beside them.
 *
 * The registry is a folder that only the user can enter: an entry is the Unix domain socket of a running sidecar,
 * `<namespace>/<app id>/<instance>`, so what is listed is also what is called. Whoever starts first makes no
 * difference; a sidecar that ends takes its entry with it, and one that was killed refuses the connection, upon
 * which whoever noticed passes on to the next, and removes the entry when it is refused again. The folder's
 * permissions are the authentication: a web page cannot open such a socket, another user cannot enter the folder,
 * and so the caller's identity may travel in a header.
 *
 * mDNS, which Dapr uses, would need UDP multicast (blocked in many containers, asks for a firewall's leave on
 * others), announces the app ids to the whole network, keeps the dead until their records expire, and answers with
 * a TCP port that anybody on the machine can call.
 */
export class MachineTransport implements Transport {
  readonly name = "machine";
  readonly #options: MachineTransportOptions;
  readonly #listings = new Map<string, Known>();
  readonly #instances = new Map<string, MachineInstance>();
  /** Instance → when it first refused a connection. */
  readonly #refused = new Map<string, number>();
  #self: Member | undefined;
  #server: MachineServer | undefined;

  constructor(options: MachineTransportOptions) {
    this.#options = options;
  }

  async join(self: Member, receive: Receiver): Promise<void> {
    const { folder, control, log } = this.#options;
    if (process.platform === "win32") {
      throw new Error("sidecars of one machine do not find each other on Windows yet; join them by a relay");
    }
    ownFolder(folder);
    const own = appFolder(folder, self.namespace, self.appId);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    this.#server = await serveMachine(own, self, receive, control, log);
    this.#self = self;
  }

  async instances(appId: string, namespace: string): Promise<readonly Instance[]> {
    const folder = appFolder(this.#options.folder, namespace, appId);
    const now = this.#options.clock.now();
    const known = this.#listings.get(folder);
    if (known !== undefined && known.instances.length > 0 && now - known.at < listingMs)
      return known.instances;
    const ids = await instancesIn(folder);
    const instances = ids
      .filter((id) => id !== this.#self?.instance)
      .map((id) => this.#instance(id, appId, namespace, join(folder, socketName(id))));
    if (instances.length > 0) this.#listings.set(folder, { at: now, instances });
    else this.#listings.delete(folder);
    this.#forget(folder, instances);
    return instances;
  }

  #instance(id: string, appId: string, namespace: string, path: string): MachineInstance {
    let instance = this.#instances.get(id);
    if (instance === undefined) {
      instance = new MachineInstance(
        id,
        appId,
        namespace,
        path,
        () => this.#self,
        () => this.#refused.delete(id),
      );
      this.#instances.set(id, instance);
    }
    return instance;
  }

  /** Closes the connections to instances of a folder that are listed no more. */
  #forget(folder: string, listed: readonly MachineInstance[]): void {
    for (const instance of this.#instances.values()) {
      if (instance.path.startsWith(`${folder}/`) && !listed.includes(instance)) {
        this.#refused.delete(instance.id);
        this.#drop(instance);
      }
    }
  }

  #drop(instance: MachineInstance): void {
    this.#instances.delete(instance.id);
    instance.close();
  }

  suspect(instance: Instance): void {
    const known = this.#instances.get(instance.id);
    if (known === undefined) return;
    this.#listings.delete(appFolder(this.#options.folder, instance.namespace, instance.appId));
    this.#drop(known);
    if (known.dead) this.#remove(known);
  }

  /**
   * Removes the entry of a sidecar that has refused connections for a while. Not at the first refusal: a living one
   * whose queue of connections is full refuses too, on some systems, and would never be found again.
   */
  #remove({ id, path }: MachineInstance): void {
    const now = this.#options.clock.now();
    const first = this.#refused.get(id);
    if (first === undefined) {
      this.#refused.set(id, now);
    } else if (now - first >= deadAfterMs) {
      this.#refused.delete(id);
      void unlink(path).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.#server?.close();
    for (const instance of this.#instances.values()) instance.close();
    this.#instances.clear();
    this.#listings.clear();
  }
}

const nothing = () => undefined;

class MachineInstance implements Instance {
  /** True once its socket refused a connection: nobody listens there any more, as it seems. */
  dead = false;
  readonly #pool: Pool;

  constructor(
    readonly id: string,
    readonly appId: string,
    readonly namespace: string,
    readonly path: string,
    readonly self: () => Member | undefined,
    readonly answered: () => void,
  ) {
    this.#pool = openPool("http://localhost", {
      socketPath: path,
      connections: maxConnections,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: connectMs },
    });
  }

  async invoke(request: RuntimeRequest): Promise<RuntimeResponse> {
    const self = this.self();
    if (self === undefined) throw new UnavailableError("this sidecar has not joined yet", { sent: false });
    // A caller's own fields of these names would be believed at the other end.
    const theirs = withoutHeader(withoutHeader(request.headers, words.caller), words.callee);
    const me = identity(self.namespace, self.appId);
    const you = identity(this.namespace, this.appId);
    const headers: Headers = [words.caller, me, words.callee, you, ...theirs];
    let response: RuntimeResponse;
    try {
      response = await exchange(this.#pool, "http://localhost", request, headers, nothing);
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      this.dead = error.code === "ECONNREFUSED" || error.code === "ENOENT";
      const cause = this.dead ? "its sidecar has ended" : error.message;
      throw new UnavailableError(`${this.appId} on this machine: ${cause}`, {
        cause: error,
        sent: error.sent,
      });
    }
    this.answered();
    const kind = header(response.headers, words.unreachable) as Unreachable | undefined;
    if (kind === undefined) return response;
    const cause = new TextDecoder().decode(await readBody(response.body, 4096));
    if (kind === "instance") throw new UnavailableError(cause, { sent: false });
    throw new AppUnreachableError(cause, { sent: kind === "app-lost" });
  }

  close(): void {
    void this.#pool.close().catch(nothing);
  }
}
