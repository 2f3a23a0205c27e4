import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bake } from "../../host/gateway/bake.ts";
import { encodeTable } from "../../host/gateway/table.ts";
import { flags, type GatewayTable } from "../../host/gateway/table-shape.ts";
import { ended } from "../hosts/ended.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { builtGateway, type Gateway, missingWasmtime, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow, gatewayTable, pubsubRow, upstreamRow } from "./gateway-table.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";

/** Kills of the gateway while it keeps events. By hand, also of all who deliver: what they held is waited for. */
const kills = Number(process.env.SPOOL_KILLS ?? 3);
const drainKills = Number(process.env.SPOOL_KILLS ?? 0);

describe.skipIf(missingWasmtime !== undefined)("events while their sidecar is away", () => {
  let folder: string;
  let sidecar: Sidecar;
  let gateway: Gateway | undefined;
  let table: Partial<GatewayTable>;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "daprlet-spool-"));
    sidecar = startSidecar((await freePorts(1))[0] as number);
    const upstream = { protocol: 1, transport: 1, port: sidecar.port } as const;
    table = {
      flags: flags.spool | flags.metrics,
      remotes: [appRow("events", [upstreamRow(upstream)])],
      pubsubs: [pubsubRow("pubsub", 0, { spoolBytes: 40_000, spoolEvents: 100 })],
    };
  });
  afterEach(async () => {
    await stop();
    await sidecar.leave();
    rmSync(folder, { recursive: true, force: true });
  });

  const stop = async () => {
    await gateway?.stop();
    gateway = undefined;
  };
  const serve = async (reused = true) => {
    gateway = await startGateway(table, { variant: "http+folder", reused, folder });
    return gateway;
  };
  const publish = (text: string, path = "pubsub/t", type = "text/plain") =>
    fetch(`${gateway?.url}/v1.0/publish/${path}`, {
      method: "POST",
      body: text,
      headers: { "content-type": type },
    });
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i));
  const command = () => {
    const file = join(folder, "edge.wasm");
    writeFileSync(file, bake(builtGateway("http+folder"), encodeTable(gatewayTable(table))));
    return ["run", "-S", "http", "--dir", `${folder}::/`, file];
  };
  const run = (...options: string[]) =>
    new Promise<readonly [code: number, out: string, err: string]>((resolve) => {
      execFile("wasmtime", [...command(), ...options], (error, out, err) =>
        resolve([error === null ? 0 : Number(error.code), out, err]),
      );
    });
  const drain = (...options: string[]) => run("drain", ...options);

  it.each([true, false])(
    "wait, and follow in their order with the next request, reused: %s",
    async (reused) => {
      await serve(reused);
      for (const text of numbers(0, 5)) expect((await publish(text)).status).toBe(204);
      await sidecar.come();
      // It rests for a second after somebody has asked it.
      await expect
        .poll(
          async () => {
            await fetch(`${gateway?.url}/v1.0/healthz`);
            return sidecar.taken.length;
          },
          { timeout: 10_000, interval: 200 },
        )
        .toBe(5);
      expect((await publish("5")).status).toBe(204);
      expect(sidecar.taken.map(({ data }) => data)).toEqual(numbers(0, 6));
      const ids = new Set(sidecar.taken.map(({ id }) => id));
      expect(ids.size).toBe(6);
    },
    30_000,
  );

  it("are drained by a command, which says what it did", async () => {
    await serve();
    const event = '{"specversion":"1.0","id":"1","type":"t","source":"s","data":"whole"}';
    await publish(event, "pubsub/a%20b", "application/cloudevents+json");
    await publish("raw", "pubsub/r?metadata.rawPayload=true", "application/x-own");
    await publish("[]", "bulk/pubsub/m", "application/json");
    await stop();
    const once = ["--capability", "publish", "--pubsub", "pubsub", "--topic", "t", "--data", "by a script"];
    expect(await run(...once)).toEqual([0, "", ""]);
    expect(await drain()).toEqual([
      1,
      "pubsub: 0 delivered, 0 refused, 4 left\n",
      "pubsub: the upstream refused the connection\n",
    ]);
    await sidecar.come();
    expect(await drain()).toEqual([0, "pubsub: 4 delivered, 0 refused, 0 left\n", ""]);
    expect(await drain()).toEqual([0, "pubsub: 0 delivered, 0 refused, 0 left\n", ""]);
    expect(sidecar.taken.at(-1)?.data).toBe("by a script");
    expect(sidecar.taken.slice(0, 3).map(({ url, type, body }) => [url, type, body])).toEqual([
      ["/v1.0/publish/pubsub/a%20b", "application/cloudevents+json", event],
      ["/v1.0/publish/pubsub/r?metadata.rawPayload=true", "application/x-own", "raw"],
      ["/v1.0/publish/bulk/pubsub/m", "application/json", "[]"],
    ]);
  }, 30_000);

  it("go round in no circle, whoever keeps them on the way", async () => {
    const one = await serve();
    const hop = { "content-type": "text/plain", via: "1.1 first, 1.1 second" };
    const send = (headers: Record<string, string>) =>
      fetch(`${one.url}/v1.0/publish/pubsub/t`, { method: "POST", body: "a", headers });
    expect((await send(hop)).status).toBe(204);
    await sidecar.come();
    await drain();
    const via = sidecar.taken[0]?.via as string;
    expect(via).toMatch(/^1\.1 first, ?1\.1 second,+ 1\.1 daprlet-[0-9a-f]{16}$/);
    await sidecar.leave();
    expect((await send(hop)).status).toBe(204);
    // Behind another one, and by itself.
    expect((await send({ ...hop, via })).status).toBe(508);
    await sidecar.come();
    expect((await drain())[0]).toBe(0);
    expect((await send({ ...hop, via })).status).toBe(508);
  }, 30_000);

  it("let those behind them pass when they are refused, and are put aside", async () => {
    await serve();
    for (const text of ["a", "poison", "b"]) await publish(text);
    await stop();
    await sidecar.come();
    sidecar.statusOf = (data) => (data === "poison" ? 403 : 204);
    const refusal =
      /^pubsub: the sidecar refuses an event for topic t with status 403; [^\n]*--again[^\n]*\n$/;
    expect(await drain()).toEqual([
      1,
      "pubsub: 2 delivered, 1 refused, 0 left, 1 put aside\n",
      expect.stringMatching(refusal),
    ]);
    expect(sidecar.taken.map(({ data }) => data)).toEqual(["a", "b"]);
    expect(await drain()).toEqual([0, "pubsub: 0 delivered, 0 refused, 0 left, 1 put aside\n", ""]);
    expect((await drain("--again"))[1]).toBe("pubsub: 0 delivered, 1 refused, 0 left, 1 put aside\n");
    sidecar.statusOf = () => 204;
    expect(await drain("--again")).toEqual([0, "pubsub: 1 delivered, 0 refused, 0 left\n", ""]);
    expect(sidecar.taken.map(({ data }) => data)).toEqual(["a", "b", "poison"]);
  }, 30_000);

  it("are bounded, and more is refused with the cause", async () => {
    await serve();
    const large = "x".repeat(15_000);
    expect([(await publish(large)).status, (await publish(large)).status]).toEqual([204, 204]);
    const refused = await publish(large);
    expect([refused.status, await refused.json()]).toEqual([
      500,
      expect.objectContaining({
        errorCode: "ERR_PUBSUB_PUBLISH_MESSAGE",
        message: expect.stringMatching(/topic t in pubsub pubsub: .* bytes of events are kept/),
      }),
    ]);
    expect((await (await publish("x".repeat(1_100_000))).json()).message).toMatch(
      /the event is larger than 1016 KiB/,
    );
    await sidecar.come();
    expect((await drain())[0]).toBe(0);
    expect((await publish(large)).status).toBe(204);
    expect(sidecar.taken).toHaveLength(3);
  }, 30_000);

  it("are kept where the sidecar's own broker is away, and not where it says that they are wrong", async () => {
    await sidecar.come();
    await serve();
    sidecar.statusOf = () => 500;
    expect((await publish("a")).status).toBe(204);
    const metrics = async () =>
      [...(await (await fetch(`${gateway?.url}/metrics`)).text()).matchAll(/state="(\w+)"\} (\d+)/g)].map(
        ([, state, count]) => `${state} ${count}`,
      );
    expect(await metrics()).toEqual(["waiting 1", "aside 0"]);
    // Whoever knows that this one is the cause can put it aside.
    expect((await drain())[1]).toBe("pubsub: 0 delivered, 0 refused, 1 left\n");
    expect((await drain("--skip"))[1]).toBe("pubsub: 0 delivered, 1 refused, 0 left, 1 put aside\n");
    expect(await metrics()).toEqual(["waiting 0", "aside 1"]);
    sidecar.statusOf = () => 404;
    expect((await publish("b")).status).toBe(404);
    sidecar.statusOf = () => 204;
    expect((await drain("--discard"))[1]).toBe("pubsub: 0 delivered, 0 refused, 0 left\n");
    expect(sidecar.taken).toEqual([]);
  }, 30_000);

  it("are an error without a folder, and go through where their sidecar is there", async () => {
    gateway = await startGateway(table, { variant: "http+folder", reused: true });
    const refused = await publish("a");
    expect([refused.status, (await refused.json()).message]).toEqual([
      500,
      expect.stringMatching(/refused the connection; the gateway was given no folder: start it with --dir/),
    ]);
    await sidecar.come();
    expect((await publish("a")).status).toBe(204);
    expect(sidecar.taken).toHaveLength(1);
  }, 30_000);

  it(`are none lost over ${kills} kills of the gateway, and two who drain at once`, async () => {
    table = { ...table, pubsubs: [pubsubRow("pubsub", 0, { spoolBytes: 1 << 26, spoolEvents: 100_000 })] };
    await serve();
    const sure: string[] = [];
    let ends = false;
    const client = async (name: string) => {
      for (let i = 0; !ends; i++) {
        const text = `${name}:${i}`;
        const status = await publish(text).then(
          (answer) => answer.status,
          () => 0,
        );
        if (status === 204) sure.push(text);
        else if (status !== 0) throw new Error(`${status}`);
        else await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const clients = ["a", "b", "c", "d"].map(client);
    for (let i = 0; i < kills; i++) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await gateway?.restart();
    }
    await sidecar.come();
    sidecar.slowness = 5;
    for (let i = 0; i < drainKills; i++) {
      const two = [0, 1].map(() => spawn("wasmtime", [...command(), "drain"], { stdio: "ignore" }));
      await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 300));
      if (i % 2) await gateway?.restart();
      for (const each of two) each.kill("SIGKILL");
      await Promise.all(two.map(ended));
    }
    ends = true;
    await Promise.all(clients);
    sidecar.slowness = 0;
    const [last, other] = await Promise.all([drain(), drain()]);
    expect([last[0], other[0]]).toEqual([0, 0]);
    const got = sidecar.taken.map(({ data }) => data as string);
    expect(new Set(sure).size).toBe(sure.length);
    expect(sure.filter((text) => !got.includes(text))).toEqual([]);
    for (const name of ["a", "b", "c", "d"]) {
      const first = [...new Set(got.filter((text) => text.startsWith(name)))].map((text) =>
        Number(text.slice(2)),
      );
      expect(first).toEqual([...first].sort((a, b) => a - b));
    }
    // Each kill may have one delivered twice; no more.
    const twice = got.length - new Set(got).size;
    expect(twice).toBeLessThanOrEqual(kills + 3 * drainKills);
  }, 120_000);
});
