/** What a guest of http-wasm costs: in this process, and in front of a sidecar against daprd's own middleware, where daprd is built with it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { admit } from "../../host/capability/admission.ts";
import { GuestPort } from "../../host/capability/guest-port.ts";
import {
  readHandled,
  requestMessage,
  responseMessage,
} from "../../host/capability/http-wasm/exchange-message.ts";
import { httpWasmAbi } from "../../host/capability/http-wasm/http-wasm-abi.ts";
import { defaultLimits } from "../../host/capability/manifest.ts";
import {
  enable,
  goOn,
  type HttpGuestParts,
  httpGuestBytes,
  pair,
  set,
} from "../capability/http-wasm-guest.ts";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, startDaprd } from "../hosts/daprd.ts";
import { hasWrk, load, sides } from "./load.ts";
import { printRows, type Row } from "./table.ts";

const type = "middleware.http.wasm";
const path = "/v1.0/healthz/outbound";
const calls = 3_000;

const guests: readonly { readonly what: string; readonly parts: HttpGuestParts }[] = [
  {
    what: "a guest that reads the URI and sets a header",
    parts: {
      request: `(drop (call $get_uri (i32.const 8192) (i32.const 4096))) ${set(0)} ${goOn}`,
      texts: pair,
    },
  },
  {
    what: "a guest that buffers and changes the response",
    parts: { start: enable(2), response: set(1), texts: pair },
  },
];

async function timed(times: number, call: () => Promise<unknown> | unknown): Promise<number> {
  const each: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const began = performance.now();
    await call();
    each.push(performance.now() - began);
  }
  return each.sort((a, b) => a - b)[times >> 1] as number;
}

/** Both calls of a request that goes on, where nothing confines the guest. */
async function inProcess(parts: HttpGuestParts): Promise<number> {
  const granted = { clock: true, random: true, rewrite: true };
  const entry = { name: "bench", path: "bench.wasm" };
  const { module, imports } = await admit(httpGuestBytes(parts), entry, {
    abi: httpWasmAbi,
    granted,
    limits: defaultLimits,
  });
  const port = new GuestPort({ now: () => 0, random: (span) => span });
  await port.start({ guest: { abi: "http-wasm", module, imports, answer: 1 << 20 }, schemas: [] });
  const encoder = new TextEncoder();
  const fields = ["host", "user-agent", "accept"].map((name) => [name, encoder.encode("localhost")] as const);
  const body = new Uint8Array(0);
  const step = (name: string, message: Uint8Array) => {
    const told = port.call(name, message, []);
    if (!("value" in told)) throw new Error(told.message);
    return told.value.bytes;
  };
  const call = () => {
    const handled = readHandled(
      step("request", requestMessage({ method: "GET", uri: path, source: "", fields, body }, false)),
    );
    if (handled.kind === "next" && handled.id !== undefined)
      step("response", responseMessage(handled.id, { status: 204, fields, body }));
  };
  await timed(20_000, call);
  return (await timed(50_000, call)) * 1_000;
}

/** Undefined where the program has no such middleware. */
async function started(
  program: readonly string[],
  folder: string,
  parts: HttpGuestParts | undefined,
): Promise<Daprd | undefined> {
  const resources = mkdtempSync(join(folder, "resources-"));
  const config = join(folder, "config.yaml");
  const handlers = parts === undefined ? [] : [{ name: "guest", type }];
  const head = { apiVersion: "dapr.io/v1alpha1", kind: "Configuration", metadata: { name: "bench" } };
  writeFileSync(config, JSON.stringify({ ...head, spec: { httpPipeline: { handlers } } }));
  if (parts !== undefined) {
    const file = join(resources, "guest.wasm");
    writeFileSync(file, httpGuestBytes(parts));
    writeFileSync(
      join(resources, "guest.yaml"),
      componentYaml({ name: "guest", type, metadata: { url: `file://${file}` } }),
    );
  }
  return await startDaprd({ appId: "bench-http-wasm", resources, program, config }).catch(
    (error: unknown) => {
      if (String(error).includes("not been registered")) return undefined;
      throw error;
    },
  );
}

export default async function bench(): Promise<void> {
  for (const { what, parts } of guests)
    console.log(`in process, ${what}: ${(await inProcess(parts)).toFixed(1)} µs a request (p50)`);
  const folder = mkdtempSync(join(tmpdir(), "daprlet-bench-"));
  const wrk = await hasWrk();
  if (!wrk) console.log("rates are left out: wrk is not installed.");
  const latency: Row[] = [];
  const rates: Row[] = [];
  const settings = [{ what: "no middleware", parts: undefined }, ...guests];
  try {
    for (const { what, parts } of settings) {
      const times = new Map<string, number>();
      const each = new Map<string, number>();
      for (const { name, program } of sides) {
        const sidecar = await started(program, folder, parts);
        if (sidecar === undefined) {
          console.log(`${name} is built without ${type}: it is left out.`);
          continue;
        }
        try {
          const call = () => sidecar.fetch(path);
          await timed(1_000, call);
          times.set(name, (await timed(calls, call)) * 1_000);
          if (wrk) each.set(name, await load(sidecar.port, path, folder));
        } finally {
          await sidecar.stop();
        }
      }
      latency.push({ what, unit: "µs", values: times, less: true });
      rates.push({ what, unit: "1/s", values: each });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const names = sides.map(({ name }) => name);
  printRows(`One caller, ${path}: p50 of ${calls} calls`, names, latency);
  if (wrk) printRows(`wrk, 16 connections, ${path}`, names, rates);
}
