import { describe, expect, it, vi } from "vitest";
import type { Confinement, Guest } from "../../host/capability/confinement.ts";
import type { Grants } from "../../host/capability/grants.ts";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { PackageSet } from "../../host/capability/package-set.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import type { Body } from "../../host/http.ts";
import { testContext } from "../conformance/test-context.ts";
import { inProcess } from "./in-process.ts";
import { guest, saying, watPackage } from "./wat-package.ts";

const none: Grants = new Map();
const version = (text: string, more = "") =>
  watPackage(
    "detect",
    saying(encodeMessage({ kind: messageKind.answer, fields: [textField(":body", text)] }), { more }),
    { limits: { timeMs: 100 } },
  );

/** Guests whose start takes until the test says so, from when it says so. */
class SlowStarts implements Confinement {
  readonly #confinement: Confinement;
  /** Of those that are starting. */
  readonly starting: (() => void)[] = [];
  slow = false;
  readonly ahead = vi.fn();
  started = 0;

  constructor(clock: FakeClock) {
    this.#confinement = inProcess(clock);
  }

  async open(): Promise<Guest> {
    const guest = await this.#confinement.open();
    return {
      start: async (program, limits) => {
        if (this.slow) await new Promise<void>((resolve) => this.starting.push(resolve));
        await guest.start(program, limits);
        this.started += 1;
      },
      call: (...given) => guest.call(...given),
      end: () => guest.end(),
    };
  }

  async close(): Promise<void> {}
}

function packages() {
  const clock = new FakeClock();
  const confinement = new SlowStarts(clock);
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const platform = { ...testContext("packages", clock).platform, log };
  const set = new PackageSet({ confinement, platform, maxBodySize: 1_000 });
  const call = async (body: Body = undefined) => {
    const request = { method: "POST", path: "", query: "", headers: ["content-type", "x/y"], body };
    const answer = await set.handle(request, "detect", "run");
    return new TextDecoder().decode(answer.body as Uint8Array);
  };
  return { set, call, clock, confinement };
}

describe("a package that another version takes the place of", () => {
  it("answers calls that had found it, though their bodies are still to come", async () => {
    const { set, call } = packages();
    await set.update([version("1")], none);
    expect(await call()).toBe("1");
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const slow = call(readable);
    await set.update([version("2")], none);
    expect(await call()).toBe("2");
    await writable.close();
    expect(await slow).toBe("1");
  });

  it("goes on until as many instances have started as it has, however long that takes", async () => {
    const { set, call, clock, confinement } = packages();
    await set.update([version("1")], none);
    expect(await Promise.all([call(), call()])).toEqual(["1", "1"]);
    confinement.slow = true;
    const updating = set.update([version("2")], none);
    await expect.poll(() => confinement.starting.length).toBe(2);
    // Longer than a call may take.
    clock.advance(5_000);
    expect(await call()).toBe("1");
    for (const go of confinement.starting) go();
    await updating;
    expect(await Promise.all([call(), call()])).toEqual(["2", "2"]);
    expect(confinement.started).toBe(4);
  });

  it("stays where the other one does not start", async () => {
    const { set, call, clock, confinement } = packages();
    await set.update([version("1")], none);
    await call();
    const traps = '(func (export "_initialize") unreachable)';
    await set.update([version("2", traps)], none);
    expect([await call(), set.list()]).toMatchObject([
      "1",
      [{ version: "1.0.0" }, { cause: expect.stringContaining("it trapped") }],
    ]);
    confinement.slow = true;
    const updating = set.update([version("3")], none);
    await expect.poll(() => confinement.starting.length).toBe(1);
    clock.advance(10_000);
    await updating;
    expect([await call(), set.list()]).toMatchObject([
      "1",
      [{}, { cause: expect.stringContaining("it did not start within 10000 ms") }],
    ]);
  });
});

describe("a place for an instance", () => {
  it.each<[string, readonly ReturnType<typeof version>[], number]>([
    ["is made ahead of the first call, where there is a package to call", [version("1")], 1],
    ["is not, where there is none", [], 0],
  ])("%s", async (_, sources, count) => {
    const { set, confinement } = packages();
    await set.update(sources, none);
    expect(confinement.ahead).not.toHaveBeenCalled();
    set.start();
    expect(confinement.ahead).toHaveBeenCalledTimes(count);
    await set.close();
  });
});

describe("an instance that a call is the first of", () => {
  it("has a second to start, and the call its time from then on", async () => {
    const { set, call, clock, confinement } = packages();
    await set.update([version("1")], none);
    confinement.slow = true;
    const first = call();
    await expect.poll(() => confinement.starting.length).toBe(1);
    clock.advance(999);
    confinement.starting[0]?.();
    expect(await first).toBe("1");
    const never = watPackage("detect", guest(), { limits: { timeMs: 100 } });
    await set.update([], none);
    await set.update([never], none);
    const late = expect(call()).rejects.toThrow("it did not start within 1000 ms");
    await expect.poll(() => confinement.starting.length).toBe(2);
    clock.advance(1_000);
    await late;
  });
});
