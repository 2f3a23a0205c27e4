import { AppUnreachableError } from "../channel/app-channel.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { header, type RuntimeRequest, type RuntimeResponse } from "../http.ts";
import { type Platform, sleep } from "../platform.ts";
import type { RelayConnections } from "./relay-connection.ts";
import { type Instance, type Member, type Receiver, type Transport, UnavailableError } from "./transport.ts";

type Candidate = readonly [instance: Instance, transport: Transport];

/** How long to wait after so many failures in a row; undefined: give up. */
export type Waits = (failures: number, elapsedMs: number) => number | undefined;

/** Which of these instances, named by their ids, a key belongs to. */
export type Place = (ids: readonly string[], key: string) => number;

const once: Waits = () => undefined;
/** Above it, turns of instances that are long gone are forgotten together with all others. */
const rememberedTurns = 4096;

/** True when a stream was begun to be read: its bytes cannot be sent a second time. */
function begun({ body }: RuntimeRequest): boolean {
  return body !== undefined && !(body instanceof Uint8Array) && body.locked;
}

/**
 * All ways to other instances, seen as one: finds the instances of an app and shares calls evenly among them, the
 * least recently used first.
 */
export class Mesh {
  /** Instance id → the turn it was last used in. */
  readonly #used = new Map<string, number>();
  #turn = 0;

  readonly #transports: Transport[];
  readonly #place: Place | undefined;

  /** `place`: where a request that names a partition goes; left out, partitions mean nothing. */
  constructor(
    transports: readonly Transport[],
    readonly platform: Platform,
    place?: Place,
  ) {
    this.#transports = [...transports];
    this.#place = place;
  }

  get transports(): readonly Transport[] {
    return this.#transports;
  }

  /** Adds a way that came with a component; one that is there already counts once. */
  add(transport: Transport): void {
    if (!this.#transports.includes(transport)) this.#transports.push(transport);
  }

  /** These connections; who is on a relay for its topics can also be called there. */
  relays(connections: RelayConnections): RelayConnections {
    return {
      open: async (options) => {
        const connection = await connections.open(options);
        this.add(connection.transport);
        return connection;
      },
    };
  }

  /** Joins them all; one that cannot be joined is logged and left out. */
  async join(self: Member, receive: Receiver): Promise<void> {
    await Promise.all(
      this.transports.map(async (transport) => {
        try {
          await transport.join(self, receive);
        } catch (error) {
          const cause = reasonOf(error);
          this.platform.log.error(`other instances cannot be reached by way of ${transport.name}`, { cause });
        }
      }),
    );
  }

  /**
   * Calls one instance: the one that the request's partition belongs to (`partitionkey`, as events name theirs), else the
   * least recently used. One that cannot be reached is skipped at once for the next; when none is left, the lookup is
   * repeated as `waits` says. What may have reached an app is never sent again. Throws
   * {@link UnavailableError} when no instance could be reached, AppUnreachableError when only apps were gone.
   */
  async invoke(
    appId: string,
    namespace: string,
    request: RuntimeRequest,
    waits = once,
  ): Promise<RuntimeResponse> {
    const { clock } = this.platform;
    const partition = header(request.headers, "partitionkey");
    let failure: Error | undefined;
    let began: number | undefined;
    for (let failures = 1; ; failures++) {
      const candidates = await this.#candidates(appId, namespace);
      for (;;) {
        const next = this.#take(candidates, partition);
        if (next === undefined) break;
        const [instance, transport] = next;
        try {
          return await instance.invoke(request);
        } catch (error) {
          if (error instanceof UnavailableError) {
            transport.suspect(instance);
            if (error.sent) throw error;
          } else if (!(error instanceof AppUnreachableError) || error.sent) throw error;
          if (begun(request)) throw error;
          failure = error;
        }
      }
      if (failure === undefined) {
        throw new UnavailableError(`couldn't find service: ${appId}`, { sent: false });
      }
      if (failure instanceof AppUnreachableError) throw failure;
      began ??= clock.now();
      const wait = waits(failures, clock.now() - began);
      if (wait === undefined) {
        throw new UnavailableError(
          `failed to invoke target ${appId} after ${failures - 1} retries. Error: ${failure.message}`,
          { cause: failure, sent: false },
        );
      }
      await sleep(clock, wait, request.signal);
    }
  }

  /** One instance by its id; undefined where no transport knows it (any more). */
  async reach(
    appId: string,
    namespace: string,
    id: string,
  ): Promise<{ instance: Instance; suspect: () => void } | undefined> {
    for (const transport of this.transports) {
      const found = await transport.instances(appId, namespace);
      const instance = found.find((one) => one.id === id);
      if (instance !== undefined) return { instance, suspect: () => transport.suspect(instance) };
    }
    return undefined;
  }

  /**
   * Takes the least recently used out of the candidates. Chosen at the moment of the call, not of the lookup: calls
   * that looked up together would otherwise all choose the same.
   */
  #take(candidates: Candidate[], partition: string | undefined): Candidate | undefined {
    if (partition !== undefined && this.#place !== undefined && candidates.length > 1) {
      const ids = candidates.map(([{ id }]) => id);
      return candidates.splice(this.#place(ids, partition), 1)[0];
    }
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < candidates.length; i++) {
      const turn = this.#used.get((candidates[i] as Candidate)[0].id) ?? 0;
      if (turn < least) {
        least = turn;
        best = i;
      }
    }
    const [taken] = candidates.splice(best, 1);
    if (taken === undefined) return undefined;
    if (this.#used.size > rememberedTurns) this.#used.clear();
    this.#used.set(taken[0].id, ++this.#turn);
    return taken;
  }

  /** The instances known now; one that several transports reach counts once. */
  async #candidates(appId: string, namespace: string): Promise<Candidate[]> {
    const candidates: Candidate[] = [];
    const seen = new Set<string>();
    const found = await Promise.all(
      this.transports.map((transport) => transport.instances(appId, namespace)),
    );
    for (let i = 0; i < found.length; i++) {
      for (const instance of found[i] as readonly Instance[]) {
        if (seen.has(instance.id)) continue;
        seen.add(instance.id);
        candidates.push([instance, this.transports[i] as Transport]);
      }
    }
    return candidates;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.transports.map((transport) => transport.close()));
  }
}
