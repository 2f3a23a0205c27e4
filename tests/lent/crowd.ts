import { expect } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import {
  type Contributor,
  type ContributorOptions,
  type Coordinator,
  contributor,
  coordinator,
  type Project,
  type ShownProject,
  type SidecarFetch,
  type Validator,
} from "../../host/lent/index.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";

export const leaseMs = 10_000;

/** Squares, which each visitor computes by itself. */
export function squares(units: number): Project {
  return {
    name: "squares",
    title: "Squares",
    description: "Numbers times themselves.",
    package: {
      name: "squares",
      address: "https://site.test/squares/",
      sha256: "0".repeat(64),
      limits: { memory: "1Mi", timeMs: 100 },
    },
    units,
    path: (unit) => `/square?of=${unit}`,
    leaseMs,
  };
}

const encoder = new TextEncoder();
export const square = (path: string) => encoder.encode(`${Number(path.split("=")[1]) ** 2}`);
export const honest = async (path: string) => square(path);

/** What is on record of a unit. */
interface Recorded {
  readonly votes: readonly { readonly worker: string; readonly sha256: string }[];
  readonly accepted?: string;
  readonly disputed?: boolean;
}

/** A coordinator, its sidecar, and visitors at it, by a clock that stands still. */
export class Crowd {
  readonly project: Project;
  readonly clock = new FakeClock();
  readonly #validator: Validator | undefined;
  /** Who answers, in turn. */
  #coordinators: Coordinator[] = [];
  runtime!: LocalRuntime;
  #tickets = 0;

  private constructor(units: number, validator: Validator | undefined) {
    this.project = squares(units);
    this.#validator = validator;
  }

  static async of(
    units: number,
    options: {
      readonly validator?: Validator;
      readonly fetch?: (own: SidecarFetch) => SidecarFetch;
    } = {},
  ) {
    const crowd = new Crowd(units, options.validator);
    crowd.coordinator(options.fetch?.(crowd.fetch) ?? crowd.fetch);
    crowd.runtime = await createRuntime({
      clock: crowd.clock,
      appId: "lent",
      components: [
        { name: "statestore", type: "state.in-memory" },
        { name: "pubsub", type: "pubsub.in-memory", metadata: { concurrency: "1" } },
      ],
      app: (request) => {
        const next = crowd.#coordinators.shift() as Coordinator;
        crowd.#coordinators.push(next);
        return next.fetch(request);
      },
    });
    return crowd;
  }

  readonly fetch: SidecarFetch = (path, init) => this.runtime.fetch(path, init);

  /** Another coordinator takes over from what is on record, or joins who is there. */
  coordinator(fetch: SidecarFetch = this.fetch, joins = false): Coordinator {
    const { project, clock } = this;
    if (!joins) for (const one of this.#coordinators.splice(0)) one.stop();
    const another = coordinator({
      projects: [project],
      fetch,
      clock,
      uuid: () => `ticket-${++this.#tickets}`,
      ...(this.#validator && { validator: this.#validator }),
    });
    this.#coordinators.push(another);
    return another;
  }

  async start(): Promise<this> {
    for (const one of this.#coordinators) await one.start();
    return this;
  }

  visitor(worker: string, options: Partial<ContributorOptions> = {}): Contributor {
    const { project, fetch, clock } = this;
    const visitor = contributor({ project, worker, fetch, clock, compute: honest, ...options });
    visitor.start();
    return visitor;
  }

  /** Time goes on until it is so, or so many seconds have passed. */
  async until(so: (shown: ShownProject) => boolean, seconds = 300): Promise<ShownProject> {
    for (let i = 0; i < seconds * 4; i++) {
      await this.runtime.advance(250);
      const shown = await this.shown();
      if (shown !== undefined && so(shown)) return shown;
    }
    throw new Error(`it never was so: ${JSON.stringify(await this.shown())}`);
  }

  /** The same while time stands still: only what waits for nothing happens. */
  async soon(so: (shown: ShownProject) => boolean): Promise<ShownProject> {
    await expect
      .poll(
        async () => {
          const shown = await this.shown();
          return shown !== undefined && so(shown);
        },
        { interval: 1 },
      )
      .toBe(true);
    return (await this.shown()) as ShownProject;
  }

  async shown(): Promise<ShownProject | undefined> {
    const answer = await this.fetch("/v1.0/invoke/lent/method/projects");
    return answer.ok ? ((await answer.json()) as ShownProject[])[0] : undefined;
  }

  ask(method: string, body: object): Promise<Response> {
    const headers = { "content-type": "application/json" };
    const whole = JSON.stringify({ project: "squares", ...body });
    return this.fetch(`/v1.0/invoke/lent/method/${method}`, { method: "POST", headers, body: whole });
  }

  async publish(body: object): Promise<void> {
    const headers = { "content-type": "application/json" };
    const whole = JSON.stringify({ project: "squares", ...body });
    const answer = await this.fetch("/v1.0/publish/pubsub/lent-results", {
      method: "POST",
      headers,
      body: whole,
    });
    if (!answer.ok) throw new Error(`it was not published: ${answer.status}`);
  }

  async #record<T>(...key: readonly (string | number)[]): Promise<T | undefined> {
    const answer = await this.fetch(`/v1.0/state/statestore/${["lent", "squares", ...key].join("-")}`);
    return answer.status === 200 ? ((await answer.json()) as T) : undefined;
  }

  /** What the records say, whatever a coordinator does: each of them held against the others. */
  async audit(): Promise<{ readonly credits: ReadonlyMap<string, number> }> {
    const right = new Map<string, number>();
    const wrong = new Map<string, number>();
    for (let i = 0; i < this.project.units; i++) {
      const unit = await this.#record<Recorded>("unit", i);
      if (unit?.accepted === undefined) throw new Error(`unit ${i} is not accepted`);
      const workers = unit.votes.map(({ worker }) => worker);
      if (new Set(workers).size !== workers.length) throw new Error(`unit ${i} counts a visitor twice`);
      for (const { worker, sha256 } of unit.votes) {
        const of = sha256 === unit.accepted ? right : wrong;
        of.set(worker, (of.get(worker) ?? 0) + 1);
      }
      const bytes = await this.fetch(`/v1.0/invoke/lent/method/projects/squares/units/${i}`);
      if (bytes.status !== 200 || (await bytes.text()) !== String(i ** 2))
        throw new Error(`unit ${i} has another result, ${bytes.status}`);
    }
    for (const worker of new Set([...right.keys(), ...wrong.keys()])) {
      const credit = await this.#record<{ units: number; disagreed: number }>("credit", worker);
      const counted = `${right.get(worker) ?? 0} and ${wrong.get(worker) ?? 0}`;
      const kept = `${credit?.units} and ${credit?.disagreed}`;
      if (kept !== counted)
        throw new Error(`${worker} has ${kept} on record, where its results are ${counted}`);
    }
    return { credits: right };
  }
}
