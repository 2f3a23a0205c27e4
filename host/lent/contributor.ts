import { toBase64 } from "../base64.ts";
import { type Clock, sleep, untilAborted } from "../platform.ts";
import { sentEvents } from "./event-source.ts";
import { expectOk, post, type SidecarFetch } from "./lent-records.ts";
import { type LeasedUnit, type LentPackage, permitTopic, RESULTS } from "./project.ts";

export interface ContributorOptions {
  /** As `GET projects` of the coordinator tells it. */
  readonly project: { readonly name: string; readonly package: LentPackage; readonly leaseMs: number };
  /** Who gets the credit: letters, digits, `_` and `-`. */
  readonly worker: string;
  /** The visitor's own sidecar. */
  readonly fetch: SidecarFetch;
  /** The coordinator's app id; `lent` when left out. */
  readonly coordinator?: string;
  /** The pub/sub that it shares with the coordinator; `pubsub` when left out. */
  readonly pubsub?: string;
  /** Units at a time. */
  readonly hands?: number;
  readonly clock: Clock;
  /** Instead of asking the package. */
  readonly compute?: (path: string, signal: AbortSignal) => Promise<Uint8Array>;
  /** Told of each unit that was handed in, and how long it took. */
  readonly done?: (unit: number, ms: number) => void;
  readonly failed?: (error: unknown) => void;
}

/** How long it waits before it tries anew, where the sidecar or the coordinator is away. */
const PAUSE_MS = 1_000;

/**
 * A visitor's part: takes permits from the topic, leases a unit for each, has it computed by the package in its own sidecar, and
 * publishes the result. A permit is settled last, so whatever ends this in between gives it to the next visitor.
 */
export class Contributor {
  readonly #options: ContributorOptions;
  readonly #ending = new AbortController();
  readonly #held = new Set<string>();
  readonly #hands: Promise<void>[] = [];

  constructor(options: ContributorOptions) {
    this.#options = options;
  }

  start(): void {
    const { hands = 1 } = this.#options;
    for (let i = 0; i < hands; i++) this.#hands.push(this.#hand());
  }

  /** Gives back at once what it has under way. To be called when its page goes as well. */
  async stop(): Promise<void> {
    const held = [...this.#held];
    this.#ending.abort();
    await Promise.allSettled(held.map((ticket) => this.#ask("return", { ticket }, { keepalive: true })));
    await Promise.allSettled(this.#hands);
  }

  async #hand(): Promise<void> {
    const { project, fetch, pubsub = "pubsub", clock, failed } = this.#options;
    const { signal } = this.#ending;
    const streams = `/v1.0-alpha1/subscribe/${encodeURIComponent(pubsub)}`;
    const query = `ackTimeout=${2 * project.leaseMs}ms&redeliverInterval=500ms&maxRedeliverInterval=5s`;
    while (!signal.aborted) {
      try {
        const stream = await fetch(`${streams}/${permitTopic(project.name)}?${query}`, { signal });
        const { body } = await expectOk(stream, "permits cannot be asked for");
        if (body === null) throw new Error("permits cannot be asked for: no stream came");
        for await (const { id, data } of sentEvents(body, signal)) {
          const status = await this.#settle(JSON.parse(data));
          if (signal.aborted) return;
          await post(fetch, streams, { id, status });
        }
      } catch (error) {
        if (signal.aborted) return;
        failed?.(error);
      }
      await sleep(clock, PAUSE_MS, signal).catch(() => undefined);
    }
  }

  /** What becomes of a permit. */
  async #settle(event: { readonly data?: { readonly ticket?: unknown } }): Promise<"SUCCESS" | "RETRY"> {
    const ticket = event.data?.ticket;
    if (typeof ticket !== "string") return "SUCCESS";
    const { failed } = this.#options;
    this.#held.add(ticket);
    try {
      const leased = await this.#ask("lease", { ticket });
      if (leased.status === 410) return "SUCCESS";
      if (leased.status === 204) return "RETRY";
      await expectOk(leased, "no unit could be leased");
      await this.#work(ticket, (await leased.json()) as LeasedUnit);
      return "SUCCESS";
    } catch (error) {
      if (this.#ending.signal.aborted) return "RETRY";
      failed?.(error);
      await this.#ask("return", { ticket }).catch(() => undefined);
      return "RETRY";
    } finally {
      this.#held.delete(ticket);
    }
  }

  async #work(ticket: string, { unit, path }: LeasedUnit): Promise<void> {
    const { project, worker, fetch, pubsub = "pubsub", clock, compute = this.#compute, done } = this.#options;
    const { signal } = this.#ending;
    const began = clock.now();
    const bytes = await untilAborted(compute(path, signal), signal);
    const result = { project: project.name, ticket, worker, unit, bytes: toBase64(bytes) };
    const topic = `/v1.0/publish/${encodeURIComponent(pubsub)}/${RESULTS}`;
    await expectOk(await post(fetch, topic, result, { signal }), "a result could not be handed in");
    done?.(unit, clock.now() - began);
  }

  readonly #compute = async (path: string, signal: AbortSignal): Promise<Uint8Array> => {
    const { fetch, project } = this.#options;
    const answer = await fetch(`/v1.0/capabilities/${project.package.name}${path}`, { signal });
    await expectOk(answer, `${project.package.name} could not compute a unit`);
    return new Uint8Array(await answer.arrayBuffer());
  };

  async #ask(method: string, more: object, init: RequestInit = {}): Promise<Response> {
    const { fetch, coordinator = "lent", project, worker } = this.#options;
    const body = { project: project.name, worker, ...more };
    return await post(fetch, `/v1.0/invoke/${coordinator}/method/${method}`, body, init);
  }
}
