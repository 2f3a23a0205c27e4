import { ActorError } from "./actor-error.ts";
import type { ActorSidecar, ReminderInfo } from "./actor-sidecar.ts";
import { encodeArguments } from "./payload.ts";

export interface HttpActorSidecarOptions {
  /** Of the sidecar: `http://localhost:3500`; empty where `fetch` answers paths. */
  readonly base: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly apiToken?: string | undefined;
}

const jsonHeaders = ["content-type", "application/json"];

/** A sidecar as its actors' classes reach it by Dapr's HTTP API: daprlet's, or daprd. */
export function httpActorSidecar({ base, fetch, apiToken }: HttpActorSidecarOptions): ActorSidecar {
  const call = async (
    method: string,
    [type, id, ...rest]: readonly string[],
    list: readonly string[] = [],
    body?: Uint8Array | string,
  ): Promise<Response> => {
    const url = `${base}/v1.0/actors/${[type, id, ...rest].map((part) => encodeURIComponent(part as string)).join("/")}`;
    const headers = new Headers();
    for (let i = 0; i < list.length; i += 2) headers.set(list[i] as string, list[i + 1] as string);
    if (apiToken !== undefined) headers.set("dapr-api-token", apiToken);
    const answer = await fetch(url, {
      method,
      headers,
      ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> | string }),
    });
    if (answer.ok && !answer.headers.has("x-daprerrorresponseheader")) return answer;
    throw ActorError.of(answer.ok ? 500 : answer.status, await answer.text());
  };
  const done = async (answer: Promise<Response>) => void (await (await answer).arrayBuffer());

  return {
    async getState(type, id, key) {
      const answer = await call("GET", [type, id, "state", key]);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      return answer.status === 204 ? undefined : bytes;
    },
    transact: (type, id, changes) =>
      done(call("POST", [type, id, "state"], jsonHeaders, JSON.stringify(changes))),
    schedule: (kind, type, id, name, body) =>
      done(call("POST", [type, id, kind, name], jsonHeaders, JSON.stringify(body))),
    unschedule: (kind, type, id, name) => done(call("DELETE", [type, id, kind, name])),
    async reminder(type, id, name) {
      try {
        const answer = await call("GET", [type, id, "reminders", name]);
        const text = await answer.text();
        return text === "" ? undefined : (JSON.parse(text) as ReminderInfo);
      } catch (error) {
        if (error instanceof ActorError && error.status === 404) return undefined;
        throw error;
      }
    },
    async invoke(type, id, method, args, reentrancy) {
      const { headers, body } = encodeArguments(args);
      const all = reentrancy === undefined ? headers : [...headers, "dapr-reentrancy-id", reentrancy];
      const answer = await call("PUT", [type, id, "method", method], all, body);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      return { type: answer.headers.get("content-type") ?? "", body: bytes };
    },
  };
}
