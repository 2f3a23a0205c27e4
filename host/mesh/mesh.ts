import type { RuntimeRequest, RuntimeResponse } from "../http.ts";
import type { Platform } from "../platform.ts";
import { type Instance, type Transport, UnavailableError } from "./transport.ts";

/** All ways to other instances, seen as one: finds the instances of an app and shares calls evenly among them. */
export class Mesh {
  #turns = new Map<string, number>();

  constructor(
    readonly transports: readonly Transport[],
    readonly platform: Platform,
  ) {}

  /** Throws {@link UnavailableError} when no instance could be reached. */
  async invoke(appId: string, namespace: string, request: RuntimeRequest): Promise<RuntimeResponse> {
    const found = await Promise.all(
      this.transports.map((transport) => transport.instances(appId, namespace)),
    );
    const instances = found.flatMap((list, i) =>
      list.map((instance): [Instance, Transport] => [instance, this.transports[i] as Transport]),
    );
    if (instances.length === 0) {
      throw new UnavailableError(`couldn't find app id ${appId}`, { sent: false });
    }
    const turn = this.#turns.get(appId) ?? 0;
    this.#turns.set(appId, turn + 1);
    const [instance, transport] = instances[turn % instances.length] as [Instance, Transport];
    try {
      return await instance.invoke(request);
    } catch (error) {
      transport.suspect(instance);
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.transports.map((transport) => transport.close()));
  }
}
