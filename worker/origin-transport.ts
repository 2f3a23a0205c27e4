import type { RuntimeRequest, RuntimeResponse } from "../host/http.ts";
import {
  type Instance,
  type Peer,
  type Receiver,
  type Transport,
  UnavailableError,
} from "../host/mesh/transport.ts";

/** The apps of one worker as its transports see them. */
export interface OriginApps {
  /** The receiver of an app whose tabs are open (or about to be back); undefined for every other one. */
  receiver(appId: string, namespace: string): Promise<Receiver | undefined>;
}

/** The way between the apps of one origin, whose runtimes live in the same worker: a function call. */
export class OriginTransport implements Transport {
  readonly name = "origin";
  readonly #apps: OriginApps;
  #self: Peer | undefined;

  constructor(apps: OriginApps) {
    this.#apps = apps;
  }

  async join(self: Peer, _receive: Receiver): Promise<void> {
    this.#self = self;
  }

  async instances(appId: string, namespace: string): Promise<readonly Instance[]> {
    const self = this.#self;
    if (self === undefined || (self.appId === appId && self.namespace === namespace)) return [];
    const receive = await this.#apps.receiver(appId, namespace);
    if (receive === undefined) return [];
    const invoke = async (request: RuntimeRequest): Promise<RuntimeResponse> => {
      try {
        return await receive(request, self);
      } catch (error) {
        throw new UnavailableError(error instanceof Error ? error.message : String(error), {
          cause: error,
          sent: true,
        });
      }
    };
    return [{ id: `origin/${namespace}/${appId}`, appId, namespace, invoke }];
  }

  /** Tabs come and go behind one instance, whose channel knows them: there is nothing to remember here. */
  suspect(_instance: Instance): void {}

  async close(): Promise<void> {
    this.#self = undefined;
  }
}
