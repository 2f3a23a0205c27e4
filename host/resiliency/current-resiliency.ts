import type { ResiliencyResource } from "../resources/resiliency.ts";
import type { Resources } from "../resources/resources.ts";
import { Resiliency, type ResiliencyContext } from "./resiliency.ts";

/** What they say, to be compared: where they were read does not matter. */
function resiliencyText(resources: readonly ResiliencyResource[]): string {
  return JSON.stringify(resources, (name: string, value: unknown) =>
    name === "at" ? undefined : value instanceof Map ? [...value] : value,
  );
}

/** Whether both say the same of which events reach the app, and how. */
export function sameEvents(a: Resources, b: Resources): boolean {
  const text = ({ subscriptions, resiliencies }: Resources) =>
    JSON.stringify(subscriptions) + resiliencyText(resiliencies);
  return text(a) === text(b);
}

/** The policies that are in use, while resources change. */
export class CurrentResiliency {
  readonly #context: ResiliencyContext;
  #text = "";
  #now: Resiliency | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(context: ResiliencyContext) {
    this.#context = context;
  }

  get now(): Resiliency {
    if (this.#now === undefined) throw new Error("there are no policies before the start");
    return this.#now;
  }

  /**
   * Takes these for those before, one change after the other. Circuit breakers of the same settings and target keep what
   * they know. Throws ResourceError, with nothing changed.
   */
  become(resources: readonly ResiliencyResource[]): Promise<void> {
    const turn = this.#turn.then(async () => {
      const text = resiliencyText(resources);
      if (text === this.#text) return;
      this.#now = await Resiliency.of(resources, this.#context, this.#now);
      this.#text = text;
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
