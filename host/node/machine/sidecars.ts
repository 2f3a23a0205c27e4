import { readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type RuntimeRequest, type RuntimeResponse, readBody } from "../../http.ts";
import { ExchangeError, exchange } from "../exchange.ts";
import { openPool } from "../open-pool.ts";
import { instancesIn, socketName } from "./runtime-folder.ts";

/** A sidecar that runs on this machine as this user, for the command line. */
export interface RunningSidecar {
  readonly appId: string;
  readonly namespace: string;
  readonly instance: string;
  /** What its host tells of itself: ports, pids. */
  readonly status: Readonly<Record<string, unknown>>;
  /** A call of its Dapr API over the private socket; no token is needed. */
  api(request: RuntimeRequest): Promise<RuntimeResponse>;
  /** Asks for a graceful stop; resolves when it was accepted. */
  stop(): Promise<void>;
}

const nothing = () => undefined;
const answerMs = 1000;
const stopMs = 5000;
/** Sockets asked at a time. */
const atOnce = 32;
/** Until a socket that refused a connection is tried again. */
const againMs = 150;

async function ask(path: string, request: RuntimeRequest): Promise<RuntimeResponse> {
  const pool = openPool("http://localhost", { socketPath: path, connect: { timeout: answerMs } });
  try {
    const response = await exchange(pool, "http://localhost", request, request.headers, nothing);
    return { ...response, body: await readBody(response.body) };
  } finally {
    void pool.close().catch(nothing);
  }
}

async function folders(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

async function sidecarAt(path: string): Promise<RunningSidecar | undefined> {
  const get: RuntimeRequest = {
    method: "GET",
    path: "/sidecar",
    query: "",
    headers: [],
    body: undefined,
    signal: AbortSignal.timeout(answerMs),
  };
  let told: Record<string, unknown> | undefined;
  for (let attempt = 1; told === undefined; attempt++) {
    try {
      const { body } = await ask(path, get);
      told = JSON.parse(new TextDecoder().decode(await readBody(body))) as Record<string, unknown>;
    } catch (error) {
      if (!(error instanceof ExchangeError) || error.code !== "ECONNREFUSED") return undefined;
      if (attempt === 2) {
        await unlink(path).catch(nothing);
        return undefined;
      }
      // A living one that is overrun refuses too, on some systems.
      await setTimeout(againMs);
    }
  }
  const { appId, namespace, instance, ...status } = told;
  return {
    appId: String(appId),
    namespace: String(namespace),
    instance: String(instance),
    status,
    api: (request) => ask(path, request),
    async stop() {
      const signal = AbortSignal.timeout(stopMs);
      await ask(path, { ...get, method: "POST", path: "/sidecar/stop", signal });
    },
  };
}

/** The sidecars that answer, ordered by namespace and app id. Entries of dead ones are removed on the way. */
export async function runningSidecars(folder: string): Promise<readonly RunningSidecar[]> {
  const apps = (await Promise.all((await folders(folder)).map(folders))).flat();
  const paths = await Promise.all(
    apps.map(async (app) => (await instancesIn(app)).map((instance) => join(app, socketName(instance)))),
  );
  const left = paths.flat();
  const found: (RunningSidecar | undefined)[] = [];
  // A few at a time: of hundreds asked at once, among those that dead ones have left, the living answer too late.
  const askNext = async () => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) found.push(await sidecarAt(path));
  };
  await Promise.all(Array.from({ length: atOnce }, askNext));
  return found
    .filter((sidecar) => sidecar !== undefined)
    .sort((a, b) => `${a.namespace}/${a.appId}`.localeCompare(`${b.namespace}/${b.appId}`));
}
