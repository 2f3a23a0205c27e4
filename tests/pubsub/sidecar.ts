import { functionChannel } from "../../host/channel/function-channel.ts";
import { type InMemoryBroker, inMemoryPubSub } from "../../host/components/pubsub/in-memory.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { header, json, type RuntimeRequest, type RuntimeResponse, readBody } from "../../host/http.ts";
import { createRuntime } from "../../host/node/create-runtime.ts";
import type { Log, LogFields } from "../../host/platform.ts";
import { type ComponentResource, componentDefaults } from "../../host/resources/component.ts";
import type { Runtime } from "../../host/runtime.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** One event as the app saw it. */
export interface Delivered {
  readonly path: string;
  readonly query: string;
  readonly headers: readonly string[];
  readonly text: string;
  readonly event: Record<string, unknown>;
  readonly signal: AbortSignal | undefined;
  header(name: string): string | undefined;
}

export type AppAnswer = RuntimeResponse | { status: number; body?: string };
/** Answers one event; what it throws, the channel throws. Nothing: 200 without a body. */
export type App = (delivered: Delivered) => AppAnswer | undefined | Promise<AppAnswer | undefined>;

export function component(name: string, metadata: Record<string, string> = {}): ComponentResource {
  return {
    ...componentDefaults,
    name,
    type: "pubsub.in-memory",
    metadata: new Map(Object.entries(metadata)),
    origin: "the test",
  };
}

export interface SidecarOptions {
  readonly appId?: string;
  readonly namespace?: string;
  readonly clock?: FakeClock;
  readonly broker?: InMemoryBroker;
  /** Resources, or YAML of any kind. */
  readonly components?: readonly ComponentResource[] | string;
  /** The answer to GET /dapr/subscribe: a list, or what the app does. Left out: no app. */
  readonly subscriptions?: readonly unknown[] | (() => RuntimeResponse | Promise<RuntimeResponse>);
  readonly app?: App;
  readonly strict?: boolean;
}

export interface TestSidecar {
  readonly runtime: Runtime;
  readonly clock: FakeClock;
  /** Every event that reached the app, in order. */
  readonly got: readonly Delivered[];
  /** What the app was asked by GET /dapr/subscribe. */
  readonly asked: readonly RuntimeRequest[];
  /** `level message fields` of every line logged. */
  readonly logged: readonly string[];
  send(
    method: string,
    path: string,
    body?: string | Uint8Array,
    headers?: readonly string[],
  ): Promise<Answer>;
  /** POST of JSON unless `headers` say otherwise. */
  publish(path: string, body: string | Uint8Array, headers?: readonly string[]): Promise<Answer>;
  until(what: string, condition: () => boolean, ms?: number): Promise<void>;
  stop(): Promise<void>;
}

const text = (body: string): RuntimeResponse => ({ status: 200, headers: [], body: encoder.encode(body) });

/** A whole sidecar in this process, with an app that is a function and a clock that the test moves. */
export async function sidecar(options: SidecarOptions = {}): Promise<TestSidecar> {
  const { clock = new FakeClock(), subscriptions, app } = options;
  const got: Delivered[] = [];
  const asked: RuntimeRequest[] = [];
  const logged: string[] = [];
  const line = (level: string) => (message: string, fields?: LogFields) =>
    void logged.push(`${level} ${message}${fields === undefined ? "" : ` ${JSON.stringify(fields)}`}`);
  const log: Log = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };

  async function answer(request: RuntimeRequest): Promise<RuntimeResponse> {
    if (request.path === "/dapr/subscribe") {
      asked.push(request);
      return typeof subscriptions === "function" ? subscriptions() : json(subscriptions ?? []);
    }
    if (request.path === "/dapr/config") return { status: 404, headers: [], body: undefined };
    const body = decoder.decode(await readBody(request.body));
    const delivered: Delivered = {
      path: request.path,
      query: request.query,
      headers: request.headers,
      text: body,
      signal: request.signal,
      get event() {
        return JSON.parse(body);
      },
      header: (name) => header(request.headers, name),
    };
    got.push(delivered);
    const result = await app?.(delivered);
    if (result === undefined) return { status: 200, headers: [], body: undefined };
    if ("headers" in result) return result;
    return { ...text(result.body ?? ""), status: result.status };
  }

  const runtime = await createRuntime({
    appId: options.appId ?? "a",
    namespace: options.namespace ?? "default",
    registry: { state: [], pubsub: [inMemoryPubSub(options.broker)] },
    components: options.components ?? [component("messagebus")],
    ...(subscriptions !== undefined && { app: functionChannel(answer) }),
    strict: options.strict ?? false,
    clock,
    log,
  });
  if (subscriptions !== undefined && typeof subscriptions !== "function") await runtime.appReady;

  const send: TestSidecar["send"] = async (method, path, body, headers = []) => {
    const [bare = "", query = ""] = path.split("?");
    const response = await runtime.handle({
      method,
      path: bare,
      query,
      headers,
      body: typeof body === "string" ? encoder.encode(body) : body,
    });
    const answered = decoder.decode(await readBody(response.body));
    return {
      status: response.status,
      text: answered,
      get json() {
        return JSON.parse(answered) as Record<string, unknown>;
      },
    };
  };

  return {
    runtime,
    clock,
    got,
    asked,
    logged,
    send,
    publish: (path, body, headers = ["content-type", "application/json"]) =>
      send("POST", `/v1.0/publish/${path}`, body, headers),
    async until(what, condition, ms = 60_000) {
      for (let waited = 0; !condition(); waited += 50) {
        if (waited > ms) throw new Error(`waited ${ms} ms in vain: ${what}\n${logged.join("\n")}`);
        await clock.advance(50);
      }
    },
    stop: () => runtime.stop(),
  };
}
