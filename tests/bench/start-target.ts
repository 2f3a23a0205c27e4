import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Daprd } from "../hosts/daprd.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { httpFetch } from "../hosts/http-fetch.ts";
import { load } from "./load.ts";

const apps = fileURLToPath(new URL("apps/", import.meta.url));

/** The app that is measured, in a process of its own. */
export async function startTarget(): Promise<{ port: number; child: ChildProcess }> {
  const [port] = (await freePorts(1)) as [number];
  const child = spawn(process.execPath, [join(apps, "target.mjs")], {
    env: { ...process.env, APP_PORT: String(port) },
    stdio: "ignore",
  });
  const { fetch, close } = httpFetch(port);
  for (;;) {
    const up = await fetch("/count").then(
      () => true,
      () => false,
    );
    if (up) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  close();
  return { port, child };
}

/** Events per second that were accepted, and that reached the app: until the last one did, however late. */
export async function loadWithDelivery(
  { port, appPort }: Pick<Daprd, "port" | "appPort">,
  topic: string,
  folder: string,
): Promise<{ readonly accepted: number; readonly delivered: number }> {
  const app = httpFetch(appPort);
  const count = async () => Number((await app.fetch("/count")).text);
  const before = await count();
  const begun = performance.now();
  const accepted = await load(port, `/v1.0/publish/pubsub/${topic}`, folder, {
    method: "POST",
    body: '{"n":1}',
    mayRefuse: true,
  });
  let last = -1;
  for (let now = await count(); now !== last; now = await count()) {
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const took = (performance.now() - begun - 100) / 1000;
  app.close();
  return { accepted, delivered: (last - before) / took };
}
