import { describe, expect, it } from "vitest";
import { FakeClock } from "../host/fake-clock.ts";
import type { RuntimeRequest, RuntimeResponse } from "../host/http.ts";
import { PageChannel, REJOIN_MS, type ServingPage } from "./page-channel.ts";
import { PageGoneError } from "./page-gone-error.ts";

const get: RuntimeRequest = { method: "GET", path: "/x", query: "", headers: [], body: undefined };
const withId = (id: string): RuntimeRequest => ({ ...get, headers: ["daprlet-request-id", id] });

const lives = async () => true;
const isGone = async () => false;

class FakePage implements ServingPage {
  clientId = "client";
  open = true;
  awake = true;
  calls = 0;
  constructor(readonly answer: () => Promise<number | undefined> | number | undefined = () => 200) {}
  async invoke(): Promise<RuntimeResponse | undefined> {
    this.calls++;
    const status = await this.answer();
    if (status === undefined) this.awake = false;
    return status === undefined ? undefined : { status, headers: [], body: undefined };
  }
}

function channel(...pages: FakePage[]) {
  const clock = new FakeClock();
  const made = new PageChannel("app", clock);
  for (const page of pages) made.add(page, []);
  return { clock, channel: made };
}

describe("the tabs of an app", () => {
  it("share its calls in turn", async () => {
    const pages = [new FakePage(), new FakePage(), new FakePage()];
    const { channel: app } = channel(...pages);
    for (let i = 0; i < 30; i++) await app.invoke(get);
    expect(pages.map(({ calls }) => calls)).toEqual([10, 10, 10]);
  });

  it("have each partition of events with one of them while it is awake", async () => {
    const pages = [new FakePage(), new FakePage(), new FakePage()];
    const { channel: app } = channel(...pages);
    const calls = async (key: string) => {
      const before = pages.map((page) => page.calls);
      for (let i = 0; i < 3; i++)
        await app.invoke({ ...get, method: "POST", headers: ["partitionkey", key] });
      return pages.map((page, i) => page.calls - (before[i] ?? 0));
    };
    const owners = new Map<string, number>();
    for (let n = 0; n < 30; n++) {
      const share = await calls(`k${n}`);
      expect([...share].sort()).toEqual([0, 0, 3]);
      owners.set(`k${n}`, share.indexOf(3));
    }
    expect(new Set(owners.values()).size).toBe(3);
    (pages[1] as FakePage).awake = false;
    for (const [key, owner] of owners) {
      const now = (await calls(key)).indexOf(3);
      if (owner === 1) expect(now).not.toBe(1);
      else expect(now).toBe(owner);
    }
  });

  it("pass on a call that one did not begin, and not one that it had begun", async () => {
    const asleep = new FakePage(() => undefined);
    const gone = new FakePage(() => Promise.reject(new PageGoneError(false)));
    for (const first of [asleep, gone]) {
      const well = new FakePage();
      expect((await channel(first, well).channel.invoke(get)).status).toBe(200);
      expect([first.calls, well.calls]).toEqual([1, 1]);
    }
    const begun = new FakePage(() => Promise.reject(new PageGoneError(true)));
    const other = new FakePage();
    await expect(channel(begun, other).channel.invoke(get)).rejects.toMatchObject({ sent: true });
    expect(other.calls).toBe(0);
  });

  it("are passed over while they sleep, and asked again when all do", async () => {
    const asleep = new FakePage();
    asleep.awake = false;
    const well = new FakePage();
    const { channel: app } = channel(asleep, well);
    for (let i = 0; i < 4; i++) await app.invoke(get);
    expect([asleep.calls, well.calls]).toEqual([0, 4]);
    well.awake = false;
    for (let i = 0; i < 4; i++) await app.invoke(get);
    expect(asleep.calls).toBe(2);
  });

  it("are not both given one request that comes twice at once", async () => {
    let finish = (_: number) => {};
    const first = new FakePage(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    const other = new FakePage();
    const { channel: app } = channel(first, other);
    const calls = [app.invoke(withId("one")), app.invoke(withId("one"))];
    await new Promise((later) => setTimeout(later, 5));
    expect([first.calls, other.calls]).toEqual([2, 0]);
    finish(200);
    expect((await calls[1])?.status).toBe(200);
    await app.invoke(withId("two"));
    expect(other.calls).toBe(1);
  });

  it("do not hide the app's own errors, nor an abort", async () => {
    const { channel: app } = channel(
      new FakePage(() => Promise.reject(new DOMException("stop", "AbortError"))),
    );
    await expect(app.invoke(get)).rejects.toMatchObject({ name: "AbortError" });
    expect(app.served).toBe(true);
  });

  it("answer for nobody: 404 where the sidecar asks by itself, unreachable for all else", async () => {
    const { channel: app } = channel();
    expect((await app.invoke({ ...get, path: "/dapr/subscribe" })).status).toBe(404);
    await expect(app.invoke(get)).rejects.toMatchObject({ name: "AppUnreachableError", sent: false });
  });
});

describe("pages that are about to say hello", () => {
  const named = (clientId: string, answer?: () => Promise<number>) =>
    Object.assign(new FakePage(answer), { clientId });

  it("are waited for after a restart of the worker, and no longer than they may", async () => {
    const { clock, channel: app } = channel();
    app.expect(["client"], isGone);
    const early = app.invoke(get);
    await clock.advance(REJOIN_MS / 2);
    app.add(new FakePage(), []);
    expect((await early).status).toBe(200);

    const { clock: other, channel: lost } = channel();
    lost.expect(["client"], isGone);
    const vain = lost.invoke(get).catch((error: Error) => error.name);
    await other.advance(REJOIN_MS);
    expect(await vain).toBe("AppUnreachableError");
    expect(lost.served).toBe(false);
  });

  it("are waited for longer while they live and nobody else is there, but not by the sidecar's own questions", async () => {
    const { clock, channel: app } = channel();
    app.expect(["client"], lives);
    const patient = app.invoke(withId("one"));
    await clock.advance(REJOIN_MS);
    expect((await app.invoke({ ...get, path: "/dapr/subscribe" })).status).toBe(404);
    expect(app.served).toBe(true);
    await clock.advance(REJOIN_MS * 3);
    app.add(new FakePage(), []);
    expect((await patient).status).toBe(200);

    const { clock: other, channel: shared } = channel(named("awake"));
    shared.expect(["frozen"], lives);
    await other.advance(REJOIN_MS);
    expect((await shared.invoke(withId("one"))).status).toBe(200);

    const { clock: third, channel: silent } = channel();
    silent.expect(["client"], lives);
    const vain = silent.invoke(get).catch((error: Error) => error.name);
    await third.advance(32_000);
    expect(await vain).toBe("AppUnreachableError");
  });

  it("are waited for no longer once they are closed", async () => {
    const { clock, channel: app } = channel();
    let open = true;
    app.expect(["client"], async () => open);
    const vain = app.invoke(get).catch((error: Error) => error.name);
    await clock.advance(REJOIN_MS);
    open = false;
    await clock.advance(REJOIN_MS);
    expect(await vain).toBe("AppUnreachableError");
  });

  it("are told apart: another page's hello is not theirs", async () => {
    const { channel: app } = channel();
    const [holder, stranger] = [named("holder"), named("stranger")];
    app.expect(["holder"], lives);
    const repeated = app.invoke(withId("one"));
    app.add(stranger, []);
    app.add(holder, ["one"]);
    await repeated;
    expect([stranger.calls, holder.calls]).toEqual([0, 1]);
    app.remove(holder);
    await app.invoke(withId("one"));
    expect(stranger.calls).toBe(1);
  });

  it("have lost only their connection: what they had begun is asked of them again", async () => {
    const broken = named("page", () => Promise.reject(new PageGoneError(true)));
    const { channel: app } = channel(broken, named("other"));
    app.remove(broken);
    app.add(broken, ["one"]);
    const called = app.invoke(withId("one"));
    app.expect(["page"], lives);
    const again = named("page");
    await new Promise((later) => setTimeout(later, 5));
    app.add(again, ["one"]);
    expect((await called).status).toBe(200);
    expect([broken.calls, again.calls]).toEqual([1, 1]);

    app.remove(again);
    app.add(broken, ["two"]);
    const forgotten = app.invoke(withId("two"));
    app.expect(["page"], lives);
    await new Promise((later) => setTimeout(later, 5));
    app.add(named("page"), []);
    await expect(forgotten).rejects.toMatchObject({ sent: true });
  });
});
