import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { scrape } from "./scrape.ts";

const folder = mkdtempSync(join(tmpdir(), "dam-"));
const open: NodeSidecar[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((sidecar) => sidecar.stop()));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A sidecar whose app hosts `Cat`, and answers what is asked of one by `answer`. */
async function start(appId: string, answer: (request: Request) => Response | Promise<Response>) {
  const sidecar = await startSidecar({
    appId,
    machineFolder: folder,
    logLevel: "error",
    metrics: {},
    app: (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/dapr/config") return Response.json({ entities: ["Cat"] });
      return pathname.startsWith("/actors/") ? answer(request) : new Response(null, { status: 404 });
    },
  });
  open.push(sidecar);
  await sidecar.runtime.appReady;
  return sidecar;
}

const purring = () => new Response("1");

/** Of actors alone, without `app_id`. */
async function counted({ metricsPort = 0 }: NodeSidecar): Promise<Readonly<Record<string, number>>> {
  const own = [...(await scrape(metricsPort))].flatMap(([name, value]) => {
    const [, metric, labels] =
      /^dapr_runtime_actor_(\w+)\{actor_type="Cat",app_id="\w+",?(.*)\}$/.exec(name) ?? [];
    return metric === undefined ? [] : [[`${metric} ${labels}`.trim(), value]];
  });
  return Object.fromEntries(own);
}

describe("metrics of actors", () => {
  it("tell which calls wait, what timers there are, and what was fired", async () => {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const sidecar = await start("shop", async ({ url }) => {
      if (url.endsWith("/hold")) await opened;
      return new Response("", { status: url.endsWith("/fails") ? 500 : 200 });
    });
    const post = (path: string, body = "{}") =>
      fetch(`${sidecar.url}/v1.0/actors/Cat/${path}`, { method: "POST", body });
    const calls = [1, 2, 3].map(() => post("1/method/hold"));
    const quiet = { pending_actor_calls: 0, timers: 0 };
    await expect.poll(() => counted(sidecar)).toEqual({ ...quiet, pending_actor_calls: 2 });
    open();
    await Promise.all(calls);
    const once = '{"dueTime":"0s"}';
    for (const [kind, name] of [
      ["timers", "works"],
      ["timers", "fails"],
      ["reminders", "works"],
      ["reminders", "fails"],
    ]) {
      const policy = kind === "timers" ? once : '{"dueTime":"0s","failurePolicy":{"drop":{}}}';
      expect((await post(`1/${kind}/${name}`, policy)).status).toBe(204);
    }
    expect((await post("1/timers/later", '{"dueTime":"1h"}')).status).toBe(204);
    await expect
      .poll(() => counted(sidecar))
      .toEqual({
        ...quiet,
        timers: 1,
        'timers_fired_total success="true"': 1,
        'timers_fired_total success="false"': 1,
        'reminders_fired_total success="true"': 1,
        'reminders_fired_total success="false"': 1,
      });
  });

  it("tell what was deactivated, and what a change of owners took", async () => {
    const refusing = ({ method, url }: Request) =>
      new Response("", { status: method === "DELETE" && url.endsWith("/0") ? 500 : 200 });
    const first = await start("cats", refusing);
    for (let id = 0; id < 20; id++) await fetch(`${first.url}/v1.0/actors/Cat/${id}/method/purr`);
    const { actors } = first.runtime.sidecar;
    for (const id of ["0", "1"]) expect(await actors?.deactivate?.("Cat", id)).toBe(true);
    expect(await counted(first)).toMatchObject({ deactivated_total: 1, deactivated_failed_total: 1 });
    await start("cats", purring);
    const moved = async () => (await counted(first)).rebalanced_total ?? 0;
    await expect.poll(moved, { timeout: 10_000 }).toBeGreaterThan(0);
    const taken = await moved();
    expect(taken).toBeLessThan(18);
    await expect.poll(async () => (await counted(first)).deactivated_total).toBe(1 + taken);
  });
});
