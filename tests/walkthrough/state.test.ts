import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";

/** The book's walkthroughs of the state block, call by call, on every store of this host. */

const folder = mkdtempSync(join(tmpdir(), "daprlet-book-"));
const running: LocalRuntime[] = [];
let files = 0;

afterEach(async () => {
  for (const runtime of running.splice(0)) await runtime.stop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Kind {
  readonly type: "state.in-memory" | "state.sqlite";
  readonly persistent: boolean;
}

const kinds: Kind[] = [
  { type: "state.in-memory", persistent: false },
  { type: "state.sqlite", persistent: true },
];

type App = (request: Request) => Response | Promise<Response>;

describe.each(kinds)("with $type", ({ type, persistent }) => {
  const newFile = () => join(folder, `${++files}.db`);

  async function start(appId: string, file: string, app?: App): Promise<LocalRuntime> {
    const runtime = await createRuntime({
      appId,
      components: [{ name: "statestore", type, metadata: persistent ? { connectionString: file } : {} }],
      ...(app === undefined ? {} : { app }),
    });
    running.push(runtime);
    return runtime;
  }

  const save = (runtime: LocalRuntime, ...items: unknown[]) =>
    runtime.fetch("/v1.0/state/statestore", { method: "POST", body: JSON.stringify(items) });
  const get = (runtime: LocalRuntime, key: string) => runtime.fetch(`/v1.0/state/statestore/${key}`);

  it("counts greetings, and goes on counting after everything was stopped", async () => {
    const file = newFile();
    const greeter = async () => {
      let sidecar: LocalRuntime | undefined;
      const app: App = async (request) => {
        if (new URL(request.url).pathname !== "/greeting" || sidecar === undefined) {
          return new Response(null, { status: 404 });
        }
        const found = await get(sidecar, "mystate");
        const text = await found.text();
        const count = text === "" ? 0 : Number(text) + 1;
        await save(sidecar, { key: "mystate", value: count });
        return new Response(`I've greeted you ${count} ${count === 1 ? "time" : "times"}.`);
      };
      sidecar = await start("hello-dapr", file, app);
      return sidecar;
    };
    let runtime = await greeter();
    const greet = async () => await (await runtime.fetch("/v1.0/invoke/hello-dapr/method/greeting")).text();
    for (const times of ["0 times", "1 time", "2 times", "3 times", "4 times", "5 times", "6 times"]) {
      expect(await greet()).toBe(`I've greeted you ${times}.`);
    }
    const stored = await get(runtime, "mystate");
    expect([stored.status, await stored.text()]).toEqual([200, "6"]);
    if (!persistent) return;
    await runtime.stop();
    runtime = await greeter();
    expect(await greet()).toBe("I've greeted you 7 times.");
  });

  it("takes the printed save by its absolute URL", async () => {
    const runtime = await start("app", newFile());
    const data = { orderId: "42" };
    const response = await runtime.fetch("http://localhost:3500/v1.0/state/statestore", {
      method: "POST",
      body: JSON.stringify([{ key: "order", value: data }]),
      headers: { "Content-Type": "application/json" },
    });
    expect([response.ok, response.status]).toEqual([true, 204]);
    expect(await (await get(runtime, "order")).json()).toEqual(data);
  });

  it("keeps a pet under the app's id, which another app does not see", async () => {
    const file = newFile();
    const first = await start("dapr1", file);
    const pet = { kind: "dog", name: "bono" };
    expect((await save(first, { key: "pet", value: pet })).status).toBe(204);
    const answer = await get(first, "pet");
    expect([answer.status, await answer.json()]).toEqual([200, pet]);
    const second = await start("dapr2", file);
    expect((await get(second, "pet")).status).toBe(204);
    if (!persistent) return;
    const database = new Libsql(file);
    expect(database.prepare("SELECT key FROM state").raw().all([])).toEqual([["dapr1||pet"]]);
    database.close();
  });

  it("guards a value by its ETag", async () => {
    const runtime = await start("app", newFile());
    const options = { concurrency: "first-write" };
    await save(runtime, { key: "k", value: 1 });
    const etag = (await get(runtime, "k")).headers.get("etag");
    expect((await save(runtime, { key: "k", value: 2, etag, options })).status).toBe(204);
    const again = await save(runtime, { key: "k", value: 3, etag, options });
    expect([again.status, await again.json()]).toMatchObject([409, { errorCode: "ERR_STATE_SAVE" }]);
    expect(await (await get(runtime, "k")).text()).toBe("2");
    expect((await save(runtime, { key: "k", value: 4 })).status).toBe(204);
    // The book writes here; Dapr refuses since, and so do we.
    const last = await save(runtime, { key: "k", value: 5, etag, options: { concurrency: "last-write" } });
    expect(last.status).toBe(409);
    expect(await (await get(runtime, "k")).text()).toBe("4");
  });

  it("saves many at once with partial success", async () => {
    const runtime = await start("app", newFile());
    await save(runtime, { key: "p", value: 0 });
    const answer = await save(runtime, { key: "a", value: 1 }, { key: "p", value: 1, etag: "stale" });
    expect(answer.status).toBe(409);
    expect([await (await get(runtime, "a")).text(), await (await get(runtime, "p")).text()]).toEqual([
      "1",
      "0",
    ]);
  });

  it("T40: keeps albums, and audio in files, apart", async () => {
    const albums = { name: "albums", type, metadata: persistent ? { connectionString: newFile() } : {} };
    const audio = { name: "audio", type: "state.files", metadata: { rootPath: newFile() } };
    const music = async () => {
      const runtime = await createRuntime({ appId: "music", components: [albums, audio] });
      running.push(runtime);
      return runtime;
    };
    const path = (store: string) => `/v1.0/state/${store}`;
    const runtime = await music();
    const save = (store: string, value: string) =>
      runtime.fetch(path(store), { method: "POST", body: JSON.stringify([{ key: "one", value }]) });
    await save("albums", "cover");
    expect((await runtime.fetch(`${path("audio")}/one`)).status).toBe(204);
    const sound = "sound".repeat(400_000);
    expect((await save("audio", sound)).status).toBe(204);
    await runtime.fetch(`${path("albums")}/one`, { method: "DELETE" });
    expect((await runtime.fetch(`${path("albums")}/one`)).status).toBe(204);
    expect(await (await runtime.fetch(`${path("audio")}/one`)).json()).toBe(sound);
    // A second instance of the app, on the same files.
    expect(await (await (await music()).fetch(`${path("audio")}/one`)).json()).toBe(sound);
  });

  it("a transaction succeeds or fails as a whole", async () => {
    const runtime = await start("app", newFile());
    const operations = [
      { operation: "upsert", request: { key: "t2", value: 1 } },
      {
        operation: "upsert",
        request: { key: "key-2", value: 2, etag: "99", options: { concurrency: "first-write" } },
      },
    ];
    const answer = await runtime.fetch("/v1.0/state/statestore/transaction", {
      method: "POST",
      body: JSON.stringify({ operations }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([500, { errorCode: "ERR_STATE_TRANSACTION" }]);
    expect([(await get(runtime, "t2")).status, (await get(runtime, "key-2")).status]).toEqual([204, 204]);
  });
});
