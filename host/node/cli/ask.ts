import { readFile } from "node:fs/promises";
import { type RuntimeResponse, readBody } from "../../http.ts";
import type { RunningSidecar } from "../machine/sidecars.ts";
import { UsageError } from "./arguments.ts";
import { findSidecar } from "./find-sidecar.ts";
import type { Terminal } from "./terminal.ts";

/** Where the body of a `publish` or `invoke` comes from. */
export interface Data {
  readonly data?: string;
  readonly payload?: string;
  readonly dataFile?: string;
}

export interface PublishFlags extends Data {
  readonly publishAppId?: string;
  readonly pubsub?: string;
  readonly topic: string;
  readonly metadata?: string;
}

export interface InvokeFlags extends Data {
  readonly appId: string;
  readonly method: string;
  readonly verb: string;
}

async function body({ data, payload, dataFile }: Data): Promise<Uint8Array | undefined> {
  const given = [data, payload, dataFile].filter((value) => value !== undefined);
  if (given.length > 1) throw new UsageError("give the data once: --data, --payload or --data-file");
  if (dataFile !== undefined) return new Uint8Array(await readFile(dataFile));
  const text = data ?? payload;
  return text === undefined ? undefined : new TextEncoder().encode(text);
}

/** JSON, an event that is a CloudEvent already, or text. */
function contentType(bytes: Uint8Array): string {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return "text/plain";
  }
  const required = ["id", "source", "specversion", "type"];
  const envelope =
    typeof value === "object" && value !== null && required.every((name) => Object.hasOwn(value, name));
  return envelope ? "application/cloudevents+json" : "application/json";
}

function metadataQuery(text: string | undefined): string {
  if (text === undefined) return "";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`--metadata takes a JSON object, such as '{"ttlInSeconds":"10"}'`);
  }
  const pairs = Object.entries(value).map(([name, item]): [string, string] => [
    `metadata.${name}`,
    typeof item === "string" ? item : JSON.stringify(item),
  ]);
  return new URLSearchParams(pairs).toString();
}

async function call(
  sidecar: RunningSidecar,
  method: string,
  path: string,
  query: string,
  data: Uint8Array | undefined,
): Promise<RuntimeResponse> {
  const headers = data === undefined ? [] : ["content-type", contentType(data)];
  return await sidecar.api({ method, path, query, headers, body: data });
}

/** Prints what came back; the exit code is 0 for a success. */
async function report({ status, body }: RuntimeResponse, terminal: Terminal, done: string): Promise<number> {
  const text = new TextDecoder().decode(await readBody(body));
  if (status >= 200 && status < 300) {
    terminal.out(text === "" ? done : text);
    return 0;
  }
  terminal.err(`failed with status ${status}${text === "" ? "" : `: ${text}`}`);
  return 1;
}

/** `daprlet publish`. Answers the exit code. */
export async function publish(flags: PublishFlags, terminal: Terminal): Promise<number> {
  const data = (await body(flags)) ?? new Uint8Array(0);
  const query = metadataQuery(flags.metadata);
  const sidecar = await findSidecar(terminal, flags.publishAppId, "--publish-app-id");
  const target = [flags.pubsub, flags.topic].filter((part) => part !== undefined).map(encodeURIComponent);
  const response = await call(sidecar, "POST", `/v1.0/publish/${target.join("/")}`, query, data);
  return await report(response, terminal, `published to ${flags.topic}`);
}

/** `daprlet invoke`. Answers the exit code. */
export async function invoke(flags: InvokeFlags, terminal: Terminal): Promise<number> {
  const data = await body(flags);
  const sidecar = await findSidecar(terminal, flags.appId, "--app-id");
  const [path = "", query = ""] = flags.method.replace(/^\/+/, "").split(/\?(.*)/s);
  const target = `/v1.0/invoke/${encodeURIComponent(flags.appId)}/method/${path}`;
  const response = await call(sidecar, flags.verb.toUpperCase(), target, query, data);
  return await report(response, terminal, "the app answered without a body");
}
