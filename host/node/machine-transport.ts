import { unlink } from "node:fs/promises";
import { join } from "node:path";
import type { RuntimeRequest, RuntimeResponse } from "../http.ts";
import {
  type Instance,
  type Member,
  type Receiver,
  type Transport,
  UnavailableError,
} from "../mesh/transport.ts";
import type { Clock, Log } from "../platform.ts";
import type { CalleeConnection } from "./machine/callee-connection.ts";
import { type MachineControl, type MachineServer, serveMachine } from "./machine/machine-server.ts";
import { appFolder, instancesIn, ownFolder, socketName } from "./machine/runtime-folder.ts";
import { identity } from "./machine/words.ts";

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
/** How long an instance refuses connections until its entry is removed. */
const deadAfterMs = 900;

/**
 * The sidecars of one user on one machine, found without anything configured or running beside them.
 *
 * The registry is a folder that only the user can enter: an entry is the Unix domain socket of a running sidecar,
 * `<namespace>/<app id>/<instance>`, so what is listed is also what is called. Whoever starts first makes no
 * difference; a sidecar that ends takes its entry with it, and one that was killed refuses the connection, upon
 * which whoever noticed passes on to the next, and removes the entry when it is refused again. The folder's
 * permissions are the authentication: a web page cannot open such a socket, another user cannot enter the folder,
 * and so a caller may say itself who it is. Two sidecars share one connection for all calls of one to the other.
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
      neighbours = new Neighbours(appId, namespace, folder, this.#options, () => this.#self);
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
    readonly platform: Pick<MachineTransportOptions, "clock" | "log">,
    readonly self: () => Member | undefined,
  ) {}

  /** As listed a moment ago, or now; calls that come together share one look. Nobody is looked for every time. */
  list(): readonly MachineInstance[] | Promise<readonly MachineInstance[]> {
    if (this.#listed.length > 0 && this.platform.clock.now() - this.#listedAt < listingMs)
      return this.#listed;
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
    this.#listedAt = this.platform.clock.now();
    return this.#listed;
  }

  #instance(id: string): MachineInstance {
    let instance = this.#instances.get(id);
    if (instance === undefined) {
      const path = join(this.folder, socketName(id));
      const answered = () => this.#refused.delete(id);
      instance = new MachineInstance(
        id,
        this.appId,
        this.namespace,
        path,
        this.self,
        this.platform.log,
        answered,
      );
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
    const now = this.platform.clock.now();
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
  #connection: CalleeConnection | undefined;
  #opening: Promise<CalleeConnection> | undefined;

  constructor(
    readonly id: string,
    readonly appId: string,
    readonly namespace: string,
    readonly path: string,
    readonly self: () => Member | undefined,
    readonly log: Log,
    readonly answered: () => void,
  ) {}

  async invoke(request: RuntimeRequest): Promise<RuntimeResponse> {
    const connection = this.#connection ?? (await this.#open());
    return connection.invoke(request);
  }

  /** Calls that come together share one attempt. */
  #open(): Promise<CalleeConnection> {
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(): Promise<CalleeConnection> {
    const self = this.self();
    if (self === undefined) throw new UnavailableError("this sidecar has not joined yet", { sent: false });
    const { CalleeConnection } = await import("./machine/callee-connection.ts");
    const { path, log } = this;
    let over = false;
    let connection: CalleeConnection | undefined;
    try {
      connection = await CalleeConnection.open({
        instance: this,
        path,
        caller: identity(self.namespace, self.appId, self.trustDomain),
        callee: identity(this.namespace, this.appId),
        log,
        ended: () => {
          over = true;
          if (connection !== undefined && this.#connection === connection) this.#connection = undefined;
        },
      });
      if (!over) this.#connection = connection;
      this.dead = false;
      this.answered();
      return connection;
    } catch (error) {
      const { code } = (error as { cause?: NodeJS.ErrnoException }).cause ?? {};
      this.dead = code === "ECONNREFUSED" || code === "ENOENT";
      if (!this.dead) throw error;
      const message = `${this.appId} on this machine: its sidecar has ended`;
      throw new UnavailableError(message, { cause: error, sent: false });
    }
  }

  /** Lets calls under way end. A call that comes all the same connects anew. */
  close(): void {
    this.#connection?.retire();
    // Whoever waits for it has called by then.
    this.#opening?.then((connection) => connection.retire(), nothing);
  }
}
