import type { RuntimeRequest } from "../../host/http.ts";
import { readBody } from "../../host/http.ts";
import type { Peer } from "../../host/mesh/transport.ts";
import { createRuntime } from "../../host/node/create-runtime.ts";

/** A Configuration of this `spec`, given as YAML of two spaces. */
export const configurationOf = (spec: string) =>
  `apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata:\n  name: c\nspec:\n${spec}`;

export const caller: Peer = { appId: "caller", namespace: "default" };

/** An app behind a Configuration, and what has reached it. */
export async function callee(spec: string) {
  const reached: string[] = [];
  const runtime = await createRuntime({
    appId: "callee",
    components: configurationOf(spec),
    app: (request) => {
      const { pathname } = new URL(request.url);
      reached.push(`${request.method} ${pathname}`);
      return new Response(pathname);
    },
  });
  await runtime.appReady;
  reached.length = 0;
  /** A call of another instance, by its encoded path. */
  const receive = async (
    path: string,
    method = "GET",
    from: Peer = caller,
    more: Partial<RuntimeRequest> = {},
  ) => {
    const request = { method, path, query: "", headers: [], body: undefined, ...more };
    const { status, body } = await runtime.receive(request, from);
    return { status, text: new TextDecoder().decode(await readBody(body)) };
  };
  return { runtime, reached, receive };
}
