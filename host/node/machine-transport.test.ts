import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppUnreachableError } from "../channel/app-channel.ts";
import { type RuntimeRequest, type RuntimeResponse, readBody } from "../http.ts";
import { Mesh } from "../mesh/mesh.ts";
import { type Receiver, UnavailableError } from "../mesh/transport.ts";
import { consoleLog, systemClock, webPlatform } from "../web-platform.ts";
import type { MachineControl } from "./machine/machine-server.ts";
import { appFolder, runtimeFolder, socketName } from "./machine/runtime-folder.ts";
import { runningSidecars } from "./machine/sidecars.ts";
import { MachineTransport } from "./machine-transport.ts";

const log = consoleLog("error", "test");
let folder: string;
const open: MachineTransport[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dm-"));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((transport) => transport.close()));
  rmSync(folder, { recursive: true });
});

const request = (path: string, rest: Partial<RuntimeRequest> = {}): RuntimeRequest => ({
  method: "GET",
  path,
  query: "",
  headers: [],
  body: undefined,
  ...rest,
});
const say = (text: string): RuntimeResponse => ({
  status: 200,
  headers: [],
  body: new TextEncoder().encode(text),
});
const heard = async (response: RuntimeResponse) => new TextDecoder().decode(await readBody(response.body));

async function join_(
  appId: string,
  receive: Receiver = async () => say(appId),
  options: { namespace?: string; control?: MachineControl; instance?: string } = {},
) {
  const transport = new MachineTransport({
    folder,
    clock: systemClock,
    log,
    ...(options.control === undefined ? {} : { control: options.control }),
  });
  open.push(transport);
  const instance = options.instance ?? crypto.randomUUID();
  await transport.join({ appId, namespace: options.namespace ?? "default", instance }, receive);
  return { transport, instance, mesh: new Mesh([transport], webPlatform(log)) };
}

describe("the machine's transport", () => {
  it("finds an app whichever of the two started first, and never itself", async () => {
    const a = await join_("a");
    expect(await a.transport.instances("b", "default")).toEqual([]);
    const b = await join_("b");
    expect(await heard(await a.mesh.invoke("b", "default", request("/")))).toBe("b");
    expect(await heard(await b.mesh.invoke("a", "default", request("/")))).toBe("a");
    expect(await a.transport.instances("a", "default")).toEqual([]);
    expect((await a.transport.instances("b", "default")).map(({ id }) => id)).toEqual([b.instance]);
    expect(await a.transport.instances("b", "other")).toEqual([]);
  });

  it("takes the app's folder along with its last instance, whoever comes at that moment", async () => {
    const first = await join_("a");
    const second = await join_("a");
    await first.transport.close();
    expect(existsSync(appFolder(folder, "default", "a"))).toBe(true);
    await second.transport.close();
    expect(existsSync(appFolder(folder, "default", "a"))).toBe(false);
    for (let i = 0; i < 50; i++) {
      const leaving = await join_("a");
      const [, coming] = await Promise.all([leaving.transport.close(), join_("a")]);
      expect((await (await join_("b")).transport.instances("a", "default")).length).toBe(1);
      await coming.transport.close();
    }
  });

  it("carries verb, path, query, headers and body, and tells who calls", async () => {
    const got: unknown[] = [];
    const a = await join_("a", undefined, { namespace: "näme/space" });
    await join_("B c/ü", async ({ method, path, query, headers, body }, caller) => {
      got.push({ method, path, query, headers: headers.join("|"), body: await readBody(body) }, caller);
      return { status: 418, headers: ["x-two", "a", "x-two", "b"], body: undefined };
    });
    const response = await a.mesh.invoke(
      "B c/ü",
      "default",
      request("/p%20q", {
        method: "PUT",
        query: "a=%31",
        headers: ["x-m", "1", "x-m", "2", "daprlet-caller", "default/evil"],
        body: new Uint8Array([1, 2, 3]),
      }),
    );
    expect(response.status).toBe(418);
    expect(response.headers.join("|")).toContain("x-two|a|x-two|b");
    expect(got[0]).toMatchObject({
      method: "PUT",
      path: "/p%20q",
      query: "a=%31",
      body: new Uint8Array([1, 2, 3]),
    });
    expect((got[0] as { headers: string }).headers).toContain("x-m|1|x-m|2");
  });

  it("does not take the caller's word for who it is", async () => {
    const callers: unknown[] = [];
    const a = await join_("a");
    await join_("b", async (_request, caller) => {
      callers.push(caller);
      return say("b");
    });
    for (const name of ["daprlet-caller", "daprlet-callee"]) {
      await a.mesh
        .invoke("b", "default", request("/", { headers: [name, "default/evil"] }))
        .catch(() => undefined);
    }
    for (const caller of callers) expect(caller).toMatchObject({ appId: "a", namespace: "default" });
    await a.mesh.invoke("b", "default", request("/"));
    expect(callers.length).toBeGreaterThan(0);
  });

  it("streams both ways", async () => {
    const a = await join_("a");
    await join_("echo", async ({ body }) => ({ status: 200, headers: [], body }));
    let n = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (n++ === 40) return controller.close();
        controller.enqueue(new Uint8Array(50_000).fill(n));
      },
    });
    const response = await a.mesh.invoke("echo", "default", request("/", { method: "POST", body }));
    const back = await readBody(response.body);
    expect([back.byteLength, back[0], back.at(-1)]).toEqual([2_000_000, 1, 40]);
  });

  it("hands a first chunk over before the last was sent", async () => {
    const a = await join_("a");
    let feed: ReadableStreamDefaultController<Uint8Array> | undefined;
    await join_("b", async () => ({
      status: 200,
      headers: ["content-type", "text/event-stream"],
      body: new ReadableStream<Uint8Array>({
        start(controller) {
          feed = controller;
          controller.enqueue(new TextEncoder().encode("data: 0\n\n"));
        },
      }),
    }));
    const { body } = await a.mesh.invoke("b", "default", request("/"));
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: 0\n\n");
    feed?.close();
    expect((await reader.read()).done).toBe(true);
  });

  it("tells the callee that the caller has gone", async () => {
    const a = await join_("a");
    let gone = false;
    await join_("b", ({ signal }) => {
      return new Promise((_, reject) => {
        signal?.addEventListener("abort", () => {
          gone = true;
          reject(signal.reason);
        });
      });
    });
    const caller = new AbortController();
    const call = a.mesh.invoke("b", "default", request("/", { signal: caller.signal }));
    setTimeout(() => caller.abort(new Error("left")), 50);
    await expect(call).rejects.toThrow("left");
    await expect.poll(() => gone).toBe(true);
  });

  it("tells apart an app that is gone from one that was lost", async () => {
    const a = await join_("a");
    let sent = false;
    await join_("b", async () => {
      throw new AppUnreachableError("no app here", { sent });
    });
    await expect(a.mesh.invoke("b", "default", request("/"))).rejects.toMatchObject({
      name: "AppUnreachableError",
      message: "no app here",
      sent: false,
    });
    sent = true;
    await expect(a.mesh.invoke("b", "default", request("/"))).rejects.toMatchObject({ sent: true });
  });

  it("does not let an app's answer pass for the sidecar's own word", async () => {
    const a = await join_("a");
    await join_("b", async () => ({
      status: 200,
      headers: ["daprlet-unreachable", "instance"],
      body: undefined,
    }));
    expect((await a.mesh.invoke("b", "default", request("/"))).status).toBe(200);
  });

  it("passes over the entry of a sidecar that was killed, at once, and removes it", async () => {
    const a = await join_("a");
    const dead = join(appFolder(folder, "default", "b"), socketName(crypto.randomUUID()));
    mkdirSync(appFolder(folder, "default", "b"), { recursive: true });
    const child = spawn(process.execPath, [
      "-e",
      `require("net").createServer().listen(${JSON.stringify(dead)}, () => console.log("up"))`,
    ]);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    expect(existsSync(dead)).toBe(true);
    await join_("b");
    const before = performance.now();
    for (let i = 0; i < 4; i++)
      expect(await heard(await a.mesh.invoke("b", "default", request("/")))).toBe("b");
    expect(performance.now() - before).toBeLessThan(500);
    // Not at the first refusal: one that lives and is overrun may refuse as well.
    expect(existsSync(dead)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    for (let i = 0; i < 2; i++)
      expect(await heard(await a.mesh.invoke("b", "default", request("/")))).toBe("b");
    await expect.poll(() => existsSync(dead)).toBe(false);
  });

  it("carries a burst of calls at once", async () => {
    const a = await join_("a");
    await join_("b");
    const calls = Array.from({ length: 1_500 }, () => a.mesh.invoke("b", "default", request("/")));
    const answers = await Promise.all(calls.map(async (call) => heard(await call)));
    expect(new Set(answers)).toEqual(new Set(["b"]));
  });

  it("carries bytes of any size, those of a usual call in one piece", async () => {
    const a = await join_("a");
    const whole: boolean[] = [];
    await join_("echo", async ({ body }) => {
      whole.push(body instanceof Uint8Array);
      return { status: 200, headers: [], body: await readBody(body) };
    });
    for (const size of [1, 70_000, 1 << 20, (1 << 20) + 1, 3_000_001]) {
      const body = new Uint8Array(size).map((_, i) => i % 251);
      const response = await a.mesh.invoke("echo", "default", request("/", { method: "POST", body }));
      expect(Buffer.compare(await readBody(response.body), body)).toBe(0);
    }
    expect(whole).toEqual([true, true, true, false, false]);
  });

  it("is never further ahead with a body than its reader lets it, and lets other calls pass meanwhile", async () => {
    const a = await join_("a");
    await join_("echo", async ({ body }) => ({
      status: 200,
      headers: [],
      body: body ?? new Uint8Array([1]),
    }));
    let produced = 0;
    const chunk = 100_000;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (produced === 100) return controller.close();
          controller.enqueue(new Uint8Array(chunk).fill(++produced));
        },
      },
      { highWaterMark: 0 },
    );
    const response = await a.mesh.invoke("echo", "default", request("/", { method: "POST", body }));
    for (let i = 0; i < 20; i++) await heard(await a.mesh.invoke("echo", "default", request("/")));
    expect(produced * chunk).toBeLessThan(2_000_000);
    expect((await readBody(response.body)).byteLength).toBe(100 * chunk);
  });

  it.each([
    ["is lost", (socket: Duplex) => socket.destroy()],
    ["talks nonsense", (socket: Duplex) => socket.write("\0\0\0\x08\0\0\0\x04nope")],
  ])("tells of a call under way when the callee %s that it may have arrived", async (_how, end) => {
    const a = await join_("a");
    const path = join(appFolder(folder, "default", "b"), socketName(crypto.randomUUID()));
    mkdirSync(appFolder(folder, "default", "b"), { recursive: true });
    const server = createHttpServer().on("upgrade", (_request, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
      socket.once("data", () => end(socket));
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await expect(a.mesh.invoke("b", "default", request("/"))).rejects.toMatchObject({
      name: "UnavailableError",
      sent: true,
    });
    server.close();
  });

  it("calls no app that has the socket of another one by now", async () => {
    const a = await join_("a");
    const c = await join_("c");
    mkdirSync(appFolder(folder, "default", "b"), { recursive: true });
    const name = socketName(c.instance);
    renameSync(join(appFolder(folder, "default", "c"), name), join(appFolder(folder, "default", "b"), name));
    await expect(a.mesh.invoke("b", "default", request("/"))).rejects.toMatchObject({
      name: "UnavailableError",
      sent: false,
    });
  });

  it("forgets a sidecar as soon as it has left", async () => {
    const a = await join_("a");
    const b = await join_("b");
    await a.mesh.invoke("b", "default", request("/"));
    await b.transport.close();
    await expect
      .poll(async () => (await a.transport.instances("b", "default")).length, { timeout: 1000 })
      .toBe(0);
    expect(existsSync(appFolder(folder, "default", "b"))).toBe(false);
    await expect(a.mesh.invoke("b", "default", request("/"))).rejects.toBeInstanceOf(UnavailableError);
  });

  it("loses no call while instances leave and come", async () => {
    const a = await join_("a");
    let instance = await join_("b");
    let calling = true;
    let calls = 0;
    const callers = Array.from({ length: 8 }, async () => {
      for (; calling; calls++) {
        const response = await a.mesh.invoke("b", "default", request("/", { method: "POST" }));
        expect(await heard(response)).toBe("b");
      }
    });
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const next = await join_("b");
      await instance.transport.close();
      instance = next;
    }
    calling = false;
    await Promise.all(callers);
    expect(calls).toBeGreaterThan(100);
  });

  it("lets calls under way end when it leaves", async () => {
    const a = await join_("a");
    const b = await join_("b", () => new Promise((resolve) => setTimeout(() => resolve(say("late")), 150)));
    const call = a.mesh.invoke("b", "default", request("/"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await b.transport.close();
    expect(await heard(await call)).toBe("late");
  });

  it("shares the calls evenly", async () => {
    const a = await join_("a");
    const counts = [0, 0, 0];
    for (let i = 0; i < 3; i++) {
      await join_("b", async () => {
        counts[i] = (counts[i] as number) + 1;
        return say("b");
      });
    }
    await Promise.all(Array.from({ length: 30 }, () => a.mesh.invoke("b", "default", request("/"))));
    expect(counts).toEqual([10, 10, 10]);
  });
});

describe("the runtime folder", () => {
  it("is closed to others, and refused when it is not", async () => {
    await join_("a");
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    chmodSync(folder, 0o755);
    await expect(join_("b")).rejects.toThrow(/closed to others/);
    chmodSync(folder, 0o700);
  });

  it("is the user's, and short enough for any socket's path", () => {
    const environments = [
      {},
      { XDG_RUNTIME_DIR: "/run/user/1000" },
      { XDG_RUNTIME_DIR: `/${"x".repeat(80)}` },
    ];
    for (const environment of environments) {
      const root = runtimeFolder(environment);
      const longest = join(
        appFolder(root, "N".repeat(300), "ä".repeat(300)),
        socketName(crypto.randomUUID()),
      );
      expect(Buffer.byteLength(longest)).toBeLessThan(104);
    }
    expect(runtimeFolder({ XDG_RUNTIME_DIR: "/run/user/1000" })).toBe("/run/user/1000/daprlet");
  });

  it("keeps apart ids that a file system would not", () => {
    const ids = ["app", "App", "APP", "a/b", "a%2Fb", "..", ".", "", "app.", "äpp"];
    expect(new Set(ids.map((id) => appFolder("/r", "default", id))).size).toBe(ids.length);
    for (const id of ids) expect(appFolder("/r", "default", id)).toMatch(/^\/r\/default\/[=a-z0-9_-]+$/);
  });
});

describe("the command line's view", () => {
  it("lists what runs, drops what is dead, and can call and stop", async () => {
    let stopped = false;
    const control: MachineControl = {
      status: () => ({ httpPort: 3500, pid: process.pid }),
      api: async ({ path, body }) => say(`${path} ${new TextDecoder().decode(await readBody(body))}`),
      stop: () => {
        stopped = true;
      },
    };
    await join_("b", undefined, { control });
    await join_("a", undefined, { control, namespace: "z" });
    const stale = join(appFolder(folder, "default", "c"), socketName(crypto.randomUUID()));
    mkdirSync(appFolder(folder, "default", "c"), { recursive: true });
    const child = spawn(process.execPath, [
      "-e",
      `require("net").createServer().listen(${JSON.stringify(stale)}, () => console.log("up"))`,
    ]);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));

    const running = await runningSidecars(folder);
    expect(running.map(({ appId, namespace, status }) => ({ appId, namespace, status }))).toEqual([
      { appId: "b", namespace: "default", status: { httpPort: 3500, pid: process.pid } },
      { appId: "a", namespace: "z", status: { httpPort: 3500, pid: process.pid } },
    ]);
    expect(existsSync(stale)).toBe(false);
    const [b] = running;
    const publish = request("/v1.0/publish/p/t", { method: "POST", body: new TextEncoder().encode("x") });
    expect(await heard((await b?.api(publish)) as RuntimeResponse)).toBe("/v1.0/publish/p/t x");
    await b?.stop();
    expect(stopped).toBe(true);
  });

  it("does not wait for a socket that never answers", async () => {
    const silent = join(appFolder(folder, "default", "s"), socketName(crypto.randomUUID()));
    mkdirSync(appFolder(folder, "default", "s"), { recursive: true });
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(silent, resolve));
    const before = performance.now();
    expect(await runningSidecars(folder)).toEqual([]);
    expect(performance.now() - before).toBeLessThan(2500);
    server.close();
  });
});
