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
  /** By namespace and app id. */
  readonly #apps = new Map<string, Neighbours>();
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
    this.#server = await serveMachine(own, self, receive, control, log);
    this.#self = self;
  }

  async instances(appId: string, namespace: string): Promise<readonly Instance[]> {
    const found = await this.#neighbours(appId, namespace).list();
    // Nothing is kept of names that nobody bears.
    if (found.length === 0) this.#apps.delete(keyOf(appId, namespace));
    return found;
  }

  #neighbours(appId: string, namespace: string): Neighbours {
    const key = keyOf(appId, namespace);
    let neighbours = this.#apps.get(key);
    if (neighbours === undefined) {
      const folder = appFolder(this.#options.folder, namespace, appId);
      neighbours = new Neighbours(appId, namespace, folder, this.#options.clock, () => this.#self);
      this.#apps.set(key, neighbours);
    }
    return neighbours;
  }

  suspect({ appId, namespace, id }: Instance): void {
    this.#neighbours(appId, namespace).suspect(id);
  }

  async close(): Promise<void> {
    await this.#server?.close();
    for (const neighbours of this.#apps.values()) neighbours.close();
    this.#apps.clear();
  }
}

const keyOf = (appId: string, namespace: string) => `${namespace}\0${appId}`;

/** The instances of one app on this machine. */
class Neighbours {
  readonly #instances = new Map<string, MachineInstance>();
  /** Instance → when it first refused a connection, since it last answered. */
  readonly #refused = new Map<string, number>();
  #listed: readonly MachineInstance[] = [];
  #listedAt = 0;
  #listing: Promise<readonly MachineInstance[]> | undefined;

  constructor(
    readonly appId: string,
    readonly namespace: string,
    readonly folder: string,
    readonly clock: Clock,
    readonly self: () => Member | undefined,
  ) {}

  /** As listed a moment ago, or now; calls that come together share one look. Nobody is looked for every time. */
  list(): readonly MachineInstance[] | Promise<readonly MachineInstance[]> {
    if (this.#listed.length > 0 && this.clock.now() - this.#listedAt < listingMs) return this.#listed;
    this.#listing ??= this.#look().finally(() => {
      this.#listing = undefined;
    });
    return this.#listing;
  }

  async #look(): Promise<readonly MachineInstance[]> {
    const ids = (await instancesIn(this.folder)).filter((id) => id !== this.self()?.instance);
    for (const [id, instance] of this.#instances) {
      if (ids.includes(id)) continue;
      this.#instances.delete(id);
      this.#refused.delete(id);
      instance.close();
    }
    this.#listed = ids.map((id) => this.#instance(id));
    this.#listedAt = this.clock.now();
    return this.#listed;
  }

  #instance(id: string): MachineInstance {
    let instance = this.#instances.get(id);
    if (instance === undefined) {
      const path = join(this.folder, socketName(id));
      const answered = () => this.#refused.delete(id);
      instance = new MachineInstance(id, this.appId, this.namespace, path, this.self, answered);
      this.#instances.set(id, instance);
    }
    return instance;
  }

  /**
   * Looks anew before the next call. The entry of a sidecar that goes on refusing connections is removed; not at the
   * first refusal, since a living one whose queue of connections is full refuses too, on some systems, and would
   * never be found again.
   */
  suspect(id: string): void {
    this.#listed = [];
    const instance = this.#instances.get(id);
    if (instance?.dead !== true) return;
    const now = this.clock.now();
    const first = this.#refused.get(id);
    if (first === undefined) this.#refused.set(id, now);
    else if (now - first >= deadAfterMs) void unlink(instance.path).catch(nothing);
  }

  close(): void {
    for (const instance of this.#instances.values()) instance.close();
    this.#instances.clear();
    this.#listed = [];
  }
}

const nothing = () => undefined;

class MachineInstance implements Instance {
  /** True while its socket refuses connections: nobody listens there any more, as it seems. */
  dead = false;
  #pool: Pool | undefined;
  #caller: string | undefined;
  readonly #callee: string;

  constructor(
    readonly id: string,
    readonly appId: string,
    readonly namespace: string,
    readonly path: string,
    readonly self: () => Member | undefined,
    readonly answered: () => void,
  ) {
    this.#callee = identity(namespace, appId);
  }

  async invoke(request: RuntimeRequest): Promise<RuntimeResponse> {
    const self = this.self();
    if (self === undefined) throw new UnavailableError("this sidecar has not joined yet", { sent: false });
    // A caller's own fields of these names would be believed at the other end.
    const theirs = withoutHeader(withoutHeader(request.headers, words.caller), words.callee);
    this.#caller ??= identity(self.namespace, self.appId, self.trustDomain);
    const headers: Headers = [words.caller, this.#caller, words.callee, this.#callee, ...theirs];
    this.#pool ??= openPool("http://localhost", {
      socketPath: this.path,
      connections: maxConnections,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: connectMs },
    });
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
    this.dead = false;
    this.answered();
    const kind = header(response.headers, words.unreachable) as Unreachable | undefined;
    if (kind === undefined) return response;
    const cause = new TextDecoder().decode(await readBody(response.body, 4096));
    if (kind === "instance") throw new UnavailableError(cause, { sent: false });
    throw new AppUnreachableError(cause, { sent: kind === "app-lost" });
  }

  /** Lets calls under way end. A call that comes all the same opens connections anew. */
  close(): void {
    void this.#pool?.close().catch(nothing);
    this.#pool = undefined;
  }
}
