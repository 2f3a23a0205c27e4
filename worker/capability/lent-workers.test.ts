import { expose } from "comlink";
import { describe, expect, it } from "vitest";
import type { GuestPort } from "../../host/capability/guest-port.ts";
import type { Limits } from "../../host/capability/manifest.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import type { DeviceAnswer, LendRequest } from "../components/page-devices.ts";
import type { PageConnection } from "../page-connection.ts";
import { hostLock, pageLock } from "./lent-locks.ts";
import { lentWorkers } from "./lent-workers.ts";

/** Exclusive Web Locks, as far as they are needed here. */
class Locks {
  readonly #tails = new Map<string, Promise<unknown>>();

  readonly request = (name: string, use: () => unknown): Promise<unknown> => {
    const turn = (this.#tails.get(name) ?? Promise.resolve()).then(use);
    this.#tails.set(
      name,
      turn.catch(() => undefined),
    );
    return turn;
  };
}

const started = async () => ({ value: true as const });
const limits = { answer: 1_000 } as Limits;

/** A page that lends what answers no call. */
function lender(locks: Locks) {
  const ended: string[] = [];
  const lent: string[] = [];
  const closing: (() => void)[] = [];
  const page = {
    open: true,
    awake: true,
    async device({ name, guest }: LendRequest): Promise<DeviceAnswer> {
      expose({ start: started, call: () => new Promise(() => undefined) } as unknown as GuestPort, guest);
      const gone = new Promise<void>((resolve) => {
        closing.push(resolve);
      });
      lent.push(name);
      void locks.request(pageLock(name), () => gone);
      void locks.request(hostLock(name), () => {
        ended.push(name);
        guest.close();
      });
      return {};
    },
  };
  const close = () => {
    for (const one of closing) one();
  };
  return { page: page as unknown as PageConnection, ended, lent, close };
}

function workers(pages: () => readonly PageConnection[], arrival = new Promise<void>(() => undefined)) {
  const clock = new FakeClock();
  const locks = new Locks();
  let last = 0;
  const devices = {
    get pages() {
      return pages();
    },
    arrival: () => arrival,
  };
  const request = locks.request as unknown as LockManager["request"];
  const uuid = () => `${++last}`;
  return { clock, locks, lent: lentWorkers({ devices, locks: { request }, clock, uuid, address: "w.js" }) };
}

const failing = (device: () => Promise<DeviceAnswer>) =>
  ({ open: true, awake: true, device }) as unknown as PageConnection;

describe("workers that pages lend", () => {
  it("end when the host says so, and what is under way fails", async () => {
    const pages: PageConnection[] = [];
    const { lent, locks } = workers(() => pages);
    const { page, ended } = lender(locks);
    pages.push(page);
    const guest = await lent.open();
    await guest.start({ schemas: [] }, limits);
    const call = guest.call("handle", new Uint8Array(8), []);
    guest.end();
    await expect(call).rejects.toMatchObject({ fault: "deadline" });
    await expect.poll(() => ended).toEqual(["daprlet:guest:1"]);
  });

  it("are lost with their page, at once", async () => {
    const pages: PageConnection[] = [];
    const { lent, locks } = workers(() => pages);
    const { page, close } = lender(locks);
    pages.push(page);
    const guest = await lent.open();
    const call = guest.call("handle", new Uint8Array(8), []);
    close();
    await expect(call).rejects.toThrow("its page was closed");
    await expect(guest.start({ schemas: [] }, limits)).rejects.toThrow("its page was closed");
  });

  it("come from another page where one refuses, or does not answer", async () => {
    const pages: PageConnection[] = [];
    const { lent, locks, clock } = workers(() => pages);
    const silent = failing(() => new Promise(() => undefined));
    const refusing = failing(async () => ({ error: { code: "UNAVAILABLE", message: "worker-src" } }));
    pages.push(lender(locks).page, silent, refusing);
    const opening = lent.open();
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(3_000);
    await (await opening).start({ schemas: [] }, limits);
  });

  it("are waited for where pages have not said hello yet, and missed in one sentence", async () => {
    const pages: PageConnection[] = [];
    let arrive = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const { lent, locks } = workers(() => pages, arrival);
    const opening = lent.open();
    pages.push(lender(locks).page);
    arrive();
    expect(await opening).toBeDefined();

    const none = workers(() => []);
    const missing = none.lent.open();
    const refused = expect(missing).rejects.toThrow(
      /^no page lends a worker .* calls register\(\) in this scope$/,
    );
    await expect.poll(() => none.clock.pending).toBe(1);
    none.clock.advance(2_000);
    await refused;
  });

  it("are lent one ahead, which is taken where its page still answers", async () => {
    const pages: PageConnection[] = [];
    const { lent, locks } = workers(() => pages);
    const [first, second] = [lender(locks), lender(locks)];
    pages.push(first.page);
    await lent.open();
    await expect.poll(() => first.lent).toHaveLength(2);
    const taken = await lent.open();
    // Not one more than the next one in reserve.
    await expect.poll(() => first.lent).toHaveLength(3);
    await taken.start({ schemas: [] }, limits);
    pages.splice(0, 1, second.page);
    Object.assign(first.page, { awake: false });
    const other = await lent.open();
    expect(second.lent[0]).toBe("daprlet:guest:4");
    await expect.poll(() => first.ended).toEqual(["daprlet:guest:3"]);
    await other.start({ schemas: [] }, limits);
    await expect.poll(() => second.lent).toHaveLength(2);
    await lent.close();
    await expect.poll(() => second.ended).toEqual(["daprlet:guest:5"]);
  });

  it("say why, where the only page could not start one", async () => {
    const refusing = failing(async () => ({ error: { code: "UNAVAILABLE", message: "allow worker-src" } }));
    await expect(workers(() => [refusing]).lent.open()).rejects.toThrow("(allow worker-src)");
  });
});
