import { fromBase64 } from "../base64.ts";
import type { Clock } from "../platform.ts";
import { Ledger } from "./ledger.ts";
import { expectOk, LentRecords, post, type SidecarFetch } from "./lent-records.ts";
import { Permits } from "./permits.ts";
import { lentName, type Project, permitTopic, RESULTS } from "./project.ts";
import { ProjectWork } from "./project-work.ts";
import { quorum, type Validator } from "./validator.ts";

export interface CoordinatorOptions {
  readonly projects: readonly Project[];
  /** The app's own sidecar. */
  readonly fetch: SidecarFetch;
  /** A state store with transactions and ETags; `statestore` when left out. */
  readonly store?: string;
  /** A pub/sub that visitors reach; `pubsub` when left out. */
  readonly pubsub?: string;
  /** Two visitors with the same bytes, when left out. */
  readonly validator?: Validator;
  readonly clock: Clock;
  readonly uuid: () => string;
}

/** Bytes of one result, in base64. */
const LONGEST_RESULT = 2 << 20;

interface Asked {
  readonly project?: unknown;
  readonly ticket?: unknown;
  readonly worker?: unknown;
  readonly unit?: unknown;
  readonly bytes?: unknown;
}

const isName = (value: unknown): value is string => typeof value === "string" && lentName.test(value);
const nothing = (status: number) => new Response(null, { status });

/**
 * The app that gives out work and counts what comes back: a fetch-style handler for `serve()`, `startSidecar()` or any server. All
 * that matters is in its state store, so it may be stopped and started at any moment.
 */
export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #pubsub: string;
  readonly #work: ReadonlyMap<string, ProjectWork>;
  #cancel: (() => void) | undefined;
  #started = false;

  constructor(options: CoordinatorOptions) {
    const {
      projects,
      fetch,
      store = "statestore",
      pubsub = "pubsub",
      validator = quorum(2),
      clock,
      uuid,
    } = options;
    this.#options = options;
    this.#pubsub = pubsub;
    const records = new LentRecords(fetch, store);
    this.#work = new Map(
      projects.map((project) => {
        const { name, leaseMs } = project;
        if (!lentName.test(name))
          throw new Error(`a project cannot be called ${name}: letters, digits, _ and -, at most 64`);
        const publish = async (ticket: string) => {
          const path = `/v1.0/publish/${encodeURIComponent(pubsub)}/${permitTopic(name)}`;
          await expectOk(
            await post(fetch, path, { project: name, ticket }),
            "a permit could not be published",
          );
        };
        const ledger = new Ledger({ project, records, validator, clock });
        const permits = new Permits({ clock, uuid, leaseMs, publish });
        return [name, new ProjectWork({ project, ledger, permits, clock })];
      }),
    );
  }

  /** Reads what is on record and offers the rest, once the sidecar answers. */
  async start(): Promise<void> {
    for (const work of this.#work.values()) await work.start();
    this.#started = true;
    this.#sweep();
  }

  stop(): void {
    this.#started = false;
    this.#cancel?.();
  }

  /** Answers its sidecar. */
  readonly fetch = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const { method } = request;
    if (method === "GET" && pathname === "/dapr/subscribe")
      return Response.json([{ pubsubname: this.#pubsub, topic: RESULTS, route: "/results" }]);
    if (pathname.startsWith("/dapr/")) return nothing(404);
    // What comes before is to come again.
    if (!this.#started) return nothing(503);
    if (method === "GET") return await this.#shown(pathname);
    if (method !== "POST") return nothing(405);
    const asked = (await request.json().catch(() => null)) as
      | (Asked & { readonly data?: Asked | null })
      | null;
    if (pathname === "/results") return await this.#result(asked?.data ?? {});
    if (pathname === "/lease") return await this.#lease(asked ?? {});
    if (pathname === "/return") return await this.#return(asked ?? {});
    return nothing(404);
  };

  async #shown(pathname: string): Promise<Response> {
    if (pathname === "/projects") return Response.json([...this.#work.values()].map((work) => work.shown()));
    const [, name, unit] = /^\/projects\/([\w-]+)\/units\/(\d{1,9})$/.exec(pathname) ?? [];
    const result = name === undefined ? undefined : await this.#work.get(name)?.result(Number(unit));
    if (result === undefined) return nothing(404);
    return new Response(fromBase64(result), { headers: { "content-type": "application/octet-stream" } });
  }

  /** 200: this unit. 204: nothing for this visitor at the moment. 410: the permit is of no use any more. */
  async #lease({ project, ticket, worker }: Asked): Promise<Response> {
    const work = this.#workOf(project);
    if (work === undefined || !isName(ticket) || !isName(worker)) return nothing(400);
    const offered = await work.lease(ticket, worker);
    if (offered === "later") return nothing(204);
    return offered === "spent" ? nothing(410) : Response.json(offered);
  }

  async #return({ project, ticket }: Asked): Promise<Response> {
    const work = this.#workOf(project);
    if (work === undefined || !isName(ticket)) return nothing(400);
    await work.giveBack(ticket);
    return nothing(204);
  }

  /** What is no result is given up: it would be none the next time either. */
  async #result({ project, ticket, worker, unit, bytes }: Asked): Promise<Response> {
    const work = this.#workOf(project);
    const whole = typeof unit === "number" && Number.isInteger(unit) && unit >= 0;
    const read = typeof bytes === "string" && bytes.length <= LONGEST_RESULT ? decoded(bytes) : undefined;
    if (work === undefined || !isName(ticket) || !isName(worker) || !whole || read === undefined)
      return Response.json({ status: "DROP" });
    await work.vote({ unit, ticket, worker, bytes: read });
    return Response.json({ status: "SUCCESS" });
  }

  #workOf(project: unknown): ProjectWork | undefined {
    return typeof project === "string" ? this.#work.get(project) : undefined;
  }

  #sweep(): void {
    const { projects, clock } = this.#options;
    const every = Math.min(...projects.map(({ leaseMs }) => leaseMs)) / 2;
    if (projects.length === 0) return;
    this.#cancel = clock.after(every, () => {
      if (!this.#started) return;
      for (const work of this.#work.values()) void work.sweep().catch(() => undefined);
      this.#sweep();
    });
  }
}

function decoded(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return fromBase64(base64);
  } catch {
    return undefined;
  }
}
