import { signal } from "@preact/signals";
import { register, serve } from "daprlet";
import type { ActorContext } from "daprlet/actors";
import { Cell } from "./cell.ts";
import { Crowd } from "./crowd.ts";
import { takeNumber } from "./tab.ts";

const appId = "crowd";

/** What is shown as text, a few times a second. */
export interface Numbers {
  readonly rate: number;
  readonly waiting: number;
  readonly longest: number;
  readonly failed: number;
  readonly repeated: number;
  readonly lastFailure: string;
  readonly version: string;
  /** Actors by the tab that they live in. */
  readonly owners: ReadonlyMap<number, number>;
  readonly sum: number;
}

/** What the parts of the page share. */
export const session = {
  /** The relay that `npm start` runs beside this page, or the one in the address. */
  relay:
    new URL(location.href).searchParams.get("relay") ??
    (import.meta.env.VITE_RELAY_URL as string | undefined),
  crowd: signal<Crowd | undefined>(undefined),
  numbers: signal<Numbers | undefined>(undefined),
  failure: signal<string | undefined>(undefined),
  /** Calls a second that this tab makes. */
  rate: signal(20),
  frozen: signal(false),
  pointed: signal<number | undefined>(undefined),
};

/** Makes this tab one that hosts actors, and begins to call them. */
export async function boot(): Promise<void> {
  try {
    const tab = await takeNumber();
    document.title = `tab ${tab}: a thousand actors`;
    const { relay } = session;
    await register({ appId, ...(relay !== undefined && { relay }) });
    class Here extends Cell {
      constructor(self: ActorContext) {
        super(self, tab);
      }
    }
    await serve({ appId, actors: { Cell: Here } });
    const crowd = new Crowd(tab);
    await crowd.look();
    session.crowd.value = crowd;
    run(crowd);
  } catch (error) {
    session.failure.value = error instanceof Error ? error.message : String(error);
  }
}

function run(crowd: Crowd): void {
  let streamed = performance.now();
  setInterval(() => {
    const now = performance.now();
    // A tab in the background is called once a second, and one that stood still makes up for nothing.
    crowd.stream((session.rate.value * Math.min(now - streamed, 1_000)) / 1_000);
    streamed = now;
  }, 50);
  let [shown, answered] = [performance.now(), crowd.answered];
  setInterval(() => {
    const now = performance.now();
    session.numbers.value = numbersOf(crowd, ((crowd.answered - answered) * 1_000) / (now - shown));
    [shown, answered] = [now, crowd.answered];
    crowd.look().catch((error: unknown) => console.warn("the tables could not be asked for", error));
  }, 500);
}

function numbersOf(crowd: Crowd, rate: number): Numbers {
  const { waiting, longest, failed, repeated, lastFailure, version } = crowd;
  const owners = new Map<number, number>([[crowd.tab, 0]]);
  let sum = 0;
  for (const { told } of crowd.cells) {
    if (told === undefined) continue;
    owners.set(told.tab, (owners.get(told.tab) ?? 0) + 1);
    sum += told.count;
  }
  return { rate, waiting, longest, failed, repeated, lastFailure, version, owners, sum };
}
