import type { ActorContext } from "daprlet/actors";

/** A car that knows its speed. What all of them do together is asked of the store, which wakes none. */
export class Car {
  readonly #actor: ActorContext;

  constructor(actor: ActorContext) {
    this.#actor = actor;
  }

  changeSpeed(speed: number): void {
    this.#actor.state.set("position", { speed });
  }
}

/** How fetch is called: a page's own, or a sidecar's in this process. */
type Fetch = (path: string, init?: RequestInit) => Promise<Response>;

/** The speeds of all cars added up, by the query of the state store: no car is called, nor waits. */
export async function totalSpeed(fetch: Fetch, store = "statestore"): Promise<number> {
  let total = 0;
  let token: string | undefined;
  do {
    const query = { page: { limit: 1_000, token } };
    const cars = "metadata.actorType=Car&metadata.actorKey=position";
    const answer = await fetch(`/v1.0-alpha1/state/${store}/query?${cars}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(query),
    });
    if (answer.status === 204) break;
    if (!answer.ok) throw new Error(`the state query was answered with ${answer.status}`);
    const found = (await answer.json()) as { results: { data: { speed: number } }[]; token?: string };
    for (const { data } of found.results) total += data.speed;
    token = found.token;
  } while (token !== undefined && token !== "");
  return total;
}
