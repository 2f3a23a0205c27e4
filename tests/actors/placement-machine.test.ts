/** Placement among sidecars of one machine: one of them coordinates, and others take over from it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "vite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PlacementTimes } from "../../host/actors/placement/placement-times.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { MachineMembership } from "../../host/node/machine/machine-membership.ts";
import { namespaceFolder } from "../../host/node/machine/runtime-folder.ts";
import { nodePlatform } from "../../host/node/node-platform.ts";
import { silent } from "../mesh/memory-sockets.ts";
import { RecordingFollower } from "./recording-follower.ts";

let folder: string;
const running: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "da-"));
});
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("sidecars of one machine", () => {
  const clock = new FakeClock();

  function host(instance: string, namespace = "default") {
    const follower = new RecordingFollower();
    const platform = nodePlatform(silent, clock);
    const membership = new MachineMembership({ folder, platform, appId: "cars", namespace, instance });
    void membership.join({ name: instance, appId: "cars", namespace, types: ["Car"] }, follower);
    running.push(() => membership.leave());
    return { follower, membership };
  }
  /** Lets sockets do their part, and time pass with it. */
  const until = (holds: () => boolean) =>
    expect
      .poll(
        async () => {
          await clock.advance(10);
          return holds();
        },
        { interval: 1 },
      )
      .toBe(true);

  it("need not wait where there was none before", async () => {
    const { follower, membership } = host("a");
    const start = clock.now();
    await until(() => follower.hosts("Car").length === 1);
    expect(clock.now() - start).toBeLessThan(2_000);
    expect(membership).toMatchObject({ name: "machine", valid: true });
    const apart = host("a", "other");
    await until(() => apart.follower.hosts("Car").length === 1);
    expect(follower.hosts("Car")).toEqual(["a"]);
  });

  it("go on when the one that coordinates leaves, without halting an actor, by a later term", async () => {
    const [a, b, c] = ["a", "b", "c"].map((instance) => host(instance)) as [
      ReturnType<typeof host>,
      ReturnType<typeof host>,
      ReturnType<typeof host>,
    ];
    const all = [a, b, c];
    await until(() => all.every(({ follower }) => follower.hosts("Car").length === 3));
    const first = all.find(({ membership }) => membership.coordinates === a.follower.term);
    const rest = all.filter((each) => each !== first);
    const { term } = a.follower;
    await first?.membership.leave();
    await until(() => rest.every(({ follower }) => follower.hosts("Car").length === 2));
    for (const { follower } of rest) {
      expect(follower.losses).toBe(0);
      expect(follower.term).toBeGreaterThan(term);
    }
    for (const { membership } of rest) await membership.leave();
    expect(readdirSync(namespaceFolder(folder, "default"))).toEqual([]);
  });

  it("need not wait for one that was killed and has left its sockets", async () => {
    const script = `const net = require("net"); const fs = require("fs"); const folder = ${JSON.stringify(folder)};
      fs.mkdirSync(folder + "/default", { recursive: true, mode: 0o700 });
      net.createServer().listen(folder + "/default/placement.9999999999999", () =>
        net.createServer().listen(folder + "/default/member." + "a".repeat(32), () => console.log("up")));`;
    const child = spawn(process.execPath, ["-e", script]);
    await new Promise((done) => child.stdout.once("data", done));
    child.kill("SIGKILL");
    await new Promise((done) => child.once("exit", done));
    const start = clock.now();
    const { follower } = host("a");
    await until(() => follower.hosts("Car").length === 1);
    expect(clock.now() - start).toBeLessThan(2_000);
    expect(follower.term).toBe(10_000_000_000_000);
  });
});

interface Line {
  readonly at: number;
  readonly hosts: readonly string[];
  readonly term: number;
  readonly version: number;
  readonly losses: number;
  readonly coordinates?: number;
}

describe("processes of one machine, of which the one that coordinates is killed or stopped in turn", () => {
  const times: PlacementTimes = { leaseMs: 1_500, takeOverMs: 2_500, phaseMs: 8_000, pingMs: 250 };

  async function program(): Promise<string> {
    // Below the project, as a module of it.
    const outDir = mkdtempSync(join(resolve(import.meta.dirname, "../.."), "node_modules/.machine-member-"));
    running.push(async () => rmSync(outDir, { recursive: true, force: true }));
    const entry = "tests/actors/machine-member.ts";
    await build({
      configFile: false,
      logLevel: "silent",
      build: { ssr: entry, outDir, copyPublicDir: false },
    });
    return join(outDir, "machine-member.js");
  }

  class Member {
    readonly lines: Line[] = [];
    readonly #child: ChildProcess;
    dead = false;

    constructor(
      path: string,
      readonly name: string,
    ) {
      const child = spawn(process.execPath, [path, folder, name, JSON.stringify(times)]);
      let rest = "";
      child.stdout.on("data", (chunk: Buffer) => {
        const lines = (rest + chunk.toString()).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) this.lines.push(JSON.parse(line));
      });
      child.stderr.on("data", (chunk: Buffer) => console.error(chunk.toString()));
      this.#child = child;
      const ended = new Promise((done) => child.once("exit", done));
      running.push(async () => {
        child.kill("SIGKILL");
        await ended;
      });
    }

    get last(): Line | undefined {
      return this.lines.at(-1);
    }

    kill(signal: NodeJS.Signals): void {
      this.dead = signal !== "SIGCONT";
      this.#child.kill(signal);
    }
  }

  it("agree again each time, and no two ever own by tables of which one is the older", async () => {
    const path = await program();
    const members = ["a", "b", "c", "d", "e"].map((name) => new Member(path, name));
    const living = () => members.filter(({ dead }) => !dead);
    const agree = () =>
      expect
        .poll(() => living().map(({ last }) => last?.hosts.join()), { timeout: 20_000, interval: 20 })
        .toEqual(
          living().map(() =>
            living()
              .map(({ name }) => name)
              .join(),
          ),
        );
    /** The one whose term all follow. */
    const coordinator = () => {
      const term = Math.max(...living().map(({ last }) => last?.term ?? 0));
      return living().find(({ last }) => last?.coordinates === term) as Member;
    };
    await agree();
    for (const signal of ["SIGKILL", "SIGSTOP", "SIGKILL"] as const) {
      const stopped = coordinator();
      stopped.kill(signal);
      await agree();
      if (signal === "SIGSTOP") {
        stopped.kill("SIGCONT");
        await agree();
      }
    }
    single(members);
  }, 60_000);

  /** Who claims an actor claims it by a table that is not older than those by which others have claimed it. */
  function single(members: readonly Member[]): void {
    const claims = members
      .flatMap(({ name, lines }) => lines.map((line) => ({ name, ...line })))
      .filter(({ hosts }) => hosts.length > 0)
      .sort((a, b) => a.at - b.at);
    expect(claims.length).toBeGreaterThan(100);
    for (let id = 0; id < 7; id++) {
      let holder: (typeof claims)[number] | undefined;
      for (const claim of claims) {
        if (claim.hosts[id % claim.hosts.length] !== claim.name) continue;
        const older =
          holder !== undefined &&
          holder.name !== claim.name &&
          (claim.term < holder.term || (claim.term === holder.term && claim.version < holder.version));
        if (older) throw new Error(`actor ${id}: ${JSON.stringify(holder)}, then ${JSON.stringify(claim)}`);
        holder = claim;
      }
    }
  }
});
