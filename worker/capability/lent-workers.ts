import type { Confinement } from "../../host/capability/confinement.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { reasonOf } from "../../host/errors/reason-of.ts";
import { type Clock, withTimeout } from "../../host/platform.ts";
import type { Devices } from "../devices.ts";
import { REJOIN_MS } from "../page-channel.ts";
import type { PageConnection } from "../page-connection.ts";
import { LentGuest } from "./lent-guest.ts";
import { hostLock, pageLock } from "./lent-locks.ts";

/** How long a page may take to lend, before another one is asked: it may be busy, or frozen. */
const LEND_MS = 3_000;

export interface LentWorkersOptions {
  readonly devices: Pick<Devices, "pages" | "arrival">;
  /** `navigator.locks`. */
  readonly locks: Pick<LockManager, "request">;
  readonly clock: Clock;
  readonly uuid: () => string;
  /** Of the script that lent workers run. */
  readonly address: string;
}

/** Holds a lock until the answer is called. */
async function hold(locks: LentWorkersOptions["locks"], name: string): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await new Promise<void>((held, failed) => {
    locks
      .request(name, () => {
        held();
        return released;
      })
      .catch(failed);
  });
  return release;
}

/**
 * Has each page load what it takes to lend as soon as it has come: when one is wanted there may be no network. Never resolves.
 */
export async function preparePages(devices: LentWorkersOptions["devices"]): Promise<never> {
  const told = new WeakSet<PageConnection>();
  for (;;) {
    await devices.arrival();
    for (const page of devices.pages) {
      if (told.has(page)) continue;
      told.add(page);
      page.device({ kind: "prepare-lending" }, undefined).catch(() => undefined);
    }
  }
}

/** Guests of a service worker: it keeps none in itself, which would end with it in the middle; the pages of its scope lend it workers. */
export function lentWorkers({ devices, locks, clock, uuid, address }: LentWorkersOptions): Confinement {
  async function lentBy(page: PageConnection): Promise<LentGuest> {
    const name = `daprlet:guest:${uuid()}`;
    const release = await hold(locks, hostLock(name));
    const { port1, port2 } = new MessageChannel();
    const guest = new LentGuest(port1, release);
    try {
      const asked = page.device({ kind: "lend-worker", address, name, guest: port2 }, undefined, [port2]);
      const answer = await withTimeout(
        clock,
        LEND_MS,
        asked,
        () => new Error(`the page did not answer within ${LEND_MS} ms`),
      );
      if (answer === undefined) throw new Error("the page's client is of a version that lends nothing");
      if (answer.error !== undefined) throw new Error(answer.error.message);
    } catch (error) {
      guest.end();
      throw error;
    }
    void locks.request(pageLock(name), () => guest.lost("its page was closed, or its worker ended"));
    return guest;
  }

  /** Those that answer their calls first, and of them who came last: it is the likeliest to stay. */
  const pages = () =>
    [...devices.pages]
      .filter(({ open }) => open)
      .reverse()
      .sort((a, b) => Number(b.awake) - Number(a.awake));

  async function lend(): Promise<Lent> {
    // A service worker that was stopped and started does not know its pages yet.
    if (pages().length === 0)
      await withTimeout(clock, REJOIN_MS, devices.arrival(), () => none("")).catch(() => undefined);
    let why = "";
    for (const page of pages()) {
      try {
        return { page, guest: await lentBy(page) };
      } catch (error) {
        why = ` (${reasonOf(error)})`;
      }
    }
    throw none(why);
  }

  /** Asked for before it is wanted: a worker takes longer to start than most calls last. */
  let reserve: Promise<Lent | undefined> | undefined;
  let closed = false;

  /** The one in reserve, where its page still answers. */
  async function taken(): Promise<LentGuest | undefined> {
    const kept = reserve;
    reserve = undefined;
    const one = await kept;
    if (one === undefined || one.guest.gone) return undefined;
    if (one.page.open && one.page.awake) return one.guest;
    one.guest.end();
    return undefined;
  }

  return {
    async open() {
      const guest = (await taken()) ?? (await lend()).guest;
      if (!closed) reserve ??= lend().catch(() => undefined);
      return guest;
    },
    async close() {
      closed = true;
      void reserve?.then((one) => one?.guest.end());
    },
  };
}

/** A worker, and the page that lends it. */
interface Lent {
  readonly page: PageConnection;
  readonly guest: LentGuest;
}

function none(why: string): ComponentError {
  return new ComponentError(
    "UNAVAILABLE",
    `no page lends a worker to run it in; open one that calls register() in this scope${why}`,
  );
}
