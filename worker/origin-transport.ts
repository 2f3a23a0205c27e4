import type { RuntimeRequest, RuntimeResponse } from "../host/http.ts";
import type { Instance, Member, Peer, Receiver, Transport } from "../host/mesh/transport.ts";

/** A runtime of this worker that receives. */
export interface OriginMember {
  readonly member: Member;
  readonly receive: Receiver;
}

/** The apps of one worker as its transports see them. */
export interface OriginApps {
  /** An app whose tabs are open, or about to be back after a restart; undefined for every other one. */
  member(appId: string, namespace: string): Promise<OriginMember | undefined>;
}

/** The way between the apps of one origin, whose runtimes live in the same worker: a function call. */
export class OriginTransport implements Transport {
  readonly name = "origin";
  readonly #apps: OriginApps;
  #self: OriginMember | undefined;

  constructor(apps: OriginApps) {
    this.#apps = apps;
  }

  /** Undefined until the runtime joined. */
  get self(): OriginMember | undefined {
    return this.#self;
  }

  async join(member: Member, receive: Receiver): Promise<void> {
    this.#self = { member, receive };
  }

  async instances(appId: string, namespace: string): Promise<readonly Instance[]> {
    const own = this.#self?.member;
    if (own === undefined || (own.appId === appId && own.namespace === namespace)) return [];
    const found = await this.#apps.member(appId, namespace);
    if (found === undefined) return [];
    const { trustDomain } = own;
    const caller: Peer = { appId: own.appId, namespace: own.namespace, trustDomain };
    // The receiver's own errors say whether the app may have seen the request: they are passed on as they are.
    const invoke = (request: RuntimeRequest): Promise<RuntimeResponse> => found.receive(request, caller);
    return [{ id: found.member.instance, appId, namespace, invoke }];
  }

  /** Tabs come and go behind one instance, whose channel knows them: there is nothing to remember here. */
  suspect(_instance: Instance): void {}

  async close(): Promise<void> {
    this.#self = undefined;
  }
}
