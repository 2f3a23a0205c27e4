/** T55: jobs that a reminder keeps checking until they are done, whoever dies. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { jobOf } from "../../demo/actors/job.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";

const jobs = 1_000;
let folder: string;
/** The world outside: how often a job's work was asked about, and how often it was found done. */
const asked = new Map<string, number>();
const finished = new Map<string, number>();

async function work(id: string): Promise<boolean> {
  const times = (asked.get(id) ?? 0) + 1;
  asked.set(id, times);
  if (times < 3) return false;
  finished.set(id, (finished.get(id) ?? 0) + 1);
  return true;
}

/** The processor: takes jobs from the topic, and starts an actor for each. */
async function processor(): Promise<LocalRuntime> {
  const app = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (pathname === "/dapr/subscribe") {
      return Response.json([{ pubsubname: "pubsub", topic: "jobs", route: "/jobs" }]);
    }
    if (pathname !== "/jobs") return new Response(null, { status: 404 });
    const { data } = (await request.json()) as { data: { id: string } };
    const started = await runtime.fetch(`/v1.0/actors/Job/${data.id}/method/start`, { method: "POST" });
    return new Response(null, { status: started.status });
  };
  const runtime = await createRuntime({
    app,
    actors: { Job: jobOf(work) },
    components: [
      {
        name: "statestore",
        type: "state.sqlite",
        metadata: { connectionString: join(folder, "jobs.sqlite"), actorStateStore: "true" },
      },
      { name: "pubsub", type: "pubsub.in-memory", metadata: {} },
    ],
  });
  return runtime;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jobs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a thousand jobs are done once each, though the processor dies, and their creator never waits", async () => {
  const first = await processor();
  for (let id = 0; id < jobs; id++) {
    const data = JSON.stringify({ id: `job-${id}` });
    const answer = await first.fetch("/v1.0/publish/pubsub/jobs", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: data,
    });
    expect(answer.status).toBe(204);
  }
  expect(finished.size).toBe(0);
  while (asked.size < jobs) await first.advance(100);
  // It dies here: its clock moves no more, and nobody tells it.
  const second = await processor();
  for (let waited = 0; waited < 10 && finished.size < jobs; waited++) await second.advance(1_000);
  expect(finished.size).toBe(jobs);
  expect(Math.max(...finished.values())).toBe(1);
  const status = await second.fetch("/v1.0/actors/Job/job-7/method/status");
  expect(await status.json()).toBe("done");
  // What is done is asked about no more.
  const before = [...asked.values()].reduce((sum, times) => sum + times, 0);
  await second.advance(60_000);
  expect([...asked.values()].reduce((sum, times) => sum + times, 0)).toBe(before);
  await second.stop();
  await first.stop().catch(() => undefined);
});
