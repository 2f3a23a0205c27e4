import { type Headers, header } from "../../http.ts";
import { ActorError } from "./actor-error.ts";
import type { ActorSidecar, ReminderInfo } from "./actor-sidecar.ts";
import { encodeArguments } from "./payload.ts";

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: "";
  readonly headers: Headers;
  readonly body: Uint8Array | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** One call of Dapr's API. */
export type ApiCall = (request: ApiRequest) => Promise<ApiAnswer>;

const jsonHeaders: Headers = ["content-type", "application/json"];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A sidecar as its actors' classes reach it by Dapr's API: daprlet's, or daprd. */
export function apiActorSidecar(api: ApiCall): ActorSidecar {
  const call = async (
    method: string,
    parts: readonly string[],
    headers: Headers = [],
    body?: Uint8Array,
  ): Promise<ApiAnswer> => {
    const path = `/v1.0/actors/${parts.map(encodeURIComponent).join("/")}`;
    const answer = await api({ method, path, query: "", headers, body });
    const { status } = answer;
    const ok = status >= 200 && status < 300;
    if (ok && header(answer.headers, "x-daprerrorresponseheader") === undefined) return answer;
    throw ActorError.of(ok ? 500 : status, decoder.decode(answer.body));
  };
  const send = async (parts: readonly string[], value: unknown) =>
    void (await call("POST", parts, jsonHeaders, encoder.encode(JSON.stringify(value))));

  return {
    async getState(type, id, key) {
      const { status, body } = await call("GET", [type, id, "state", key]);
      return status === 204 ? undefined : body;
    },
    transact: (type, id, changes) => send([type, id, "state"], changes),
    schedule: (kind, type, id, name, body) => send([type, id, kind, name], body),
    unschedule: async (kind, type, id, name) => void (await call("DELETE", [type, id, kind, name])),
    async reminder(type, id, name) {
      try {
        const { body } = await call("GET", [type, id, "reminders", name]);
        return body.byteLength === 0 ? undefined : (JSON.parse(decoder.decode(body)) as ReminderInfo);
      } catch (error) {
        if (error instanceof ActorError && error.status === 404) return undefined;
        throw error;
      }
    },
    async invoke(type, id, method, args, reentrancy) {
      const { headers, body } = encodeArguments(args);
      const all = reentrancy === undefined ? headers : [...headers, "dapr-reentrancy-id", reentrancy];
      const answer = await call("PUT", [type, id, "method", method], all, body);
      return { type: header(answer.headers, "content-type") ?? "", body: answer.body };
    },
  };
}
