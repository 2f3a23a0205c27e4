import { invokeBinding } from "../api/bindings.ts";
import type { Handler } from "../api/endpoint.ts";
import { saveState } from "../api/state/save.ts";
import { readBody } from "../http.ts";
import type { Sidecar } from "../sidecar.ts";

/** What an app asks for in its answer to an event (dapr-http-api §2.4). */
export interface Directives {
  readonly storeName: string;
  /** Items as a save takes them; empty: nothing to save. */
  readonly state: readonly unknown[];
  /** Output bindings that are given `data` with the operation `create`. */
  readonly to: readonly string[];
  readonly data: unknown;
  readonly parallel: boolean;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Undefined where an answer asks for nothing: one that is no JSON object, or has neither state nor bindings. */
export function directivesOf(answer: Uint8Array): Directives | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(answer));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { storeName, state, to, data, concurrency } = Object.fromEntries(Object.entries(value));
  const items = typeof storeName === "string" && storeName !== "" && Array.isArray(state) ? state : [];
  const names = Array.isArray(to) && to.every((name) => typeof name === "string" && name !== "") ? to : [];
  if (items.length === 0 && names.length === 0) return undefined;
  return {
    storeName: items.length === 0 ? "" : storeName,
    state: items,
    to: names,
    data,
    parallel: concurrency === "parallel",
  };
}

/** Calls an endpoint of this sidecar. Throws what went wrong, in the words of its answer. */
async function call(sidecar: Sidecar, handle: Handler, name: string, body: unknown): Promise<void> {
  const request = {
    method: "POST",
    path: "/",
    query: "",
    headers: ["content-type", "application/json"],
    body: encoder.encode(JSON.stringify(body)),
  };
  const response = await handle({ sidecar, request, params: [name], path: "", requestId: undefined });
  if (response.status < 300) return;
  const { message } = JSON.parse(decoder.decode(await readBody(response.body)));
  throw new Error(`what the app's answer asks for failed: ${message}`);
}

/**
 * Saves the state, then calls the bindings: one after the other unless the answer says `parallel`. Throws when any of it
 * fails, so that the event comes again: all of it is part of the acknowledgement, and can happen more than once.
 */
export async function followDirectives(sidecar: Sidecar, directives: Directives): Promise<void> {
  const { storeName, state, to, data = null, parallel } = directives;
  if (state.length > 0) await call(sidecar, saveState, storeName, state);
  const send = (name: string) => call(sidecar, invokeBinding, name, { operation: "create", data });
  if (!parallel) {
    for (const name of to) await send(name);
    return;
  }
  const failed = (await Promise.allSettled(to.map(send))).find(({ status }) => status === "rejected");
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
}
