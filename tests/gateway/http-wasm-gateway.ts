import * as yaml from "yaml";
import { compileGateway } from "../../host/gateway/compile-gateway.ts";
import type { GatewayPackage } from "../../host/gateway/packages/admit-package.ts";
import { handlerGuests } from "../../host/gateway/packages/handler-guests.ts";
import { readGateway } from "../../host/gateway/read-gateway.ts";
import { handlerFiles } from "../../host/node/gateway/handler-files.ts";
import { builtGateway, type Gateway, type GatewayOptions, startGateway } from "../hosts/wasmtime-host.ts";

export interface Step {
  readonly name: string;
  /** `middleware.http.wasm` when left out, of the guest of this name. */
  readonly type?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

const component = ({ name, type = "middleware.http.wasm", metadata = {} }: Step) => {
  const given = { ...(type === "middleware.http.wasm" && { url: `file://${name}` }), ...metadata };
  return JSON.stringify({
    apiVersion: "dapr.io/v1alpha1",
    kind: "Component",
    metadata: { name },
    spec: {
      type,
      version: "v1",
      metadata: Object.entries(given).map(([field, value]) => ({ name: field, value })),
    },
  });
};

/** What a gateway is read from: these steps in front of its API, and one app. */
export function resourcesOf(steps: readonly Step[], port = 80, spec = {}, configuration = {}) {
  const handlers = steps.map(({ name, type = "middleware.http.wasm" }) => ({ name, type }));
  const apps = [{ id: "app", url: `http://127.0.0.1:${port}`, transport: "outgoing" }];
  const text = [
    JSON.stringify({
      apiVersion: "daprlet/v1alpha1",
      kind: "Gateway",
      metadata: { name: "edge" },
      spec: { apps, ...spec },
    }),
    ...steps.map(component),
    JSON.stringify({
      apiVersion: "dapr.io/v1alpha1",
      kind: "Configuration",
      metadata: { name: "c" },
      spec: { httpPipeline: { handlers }, ...configuration },
    }),
  ].join("\n---\n");
  return readGateway([{ name: "gateway.yaml", text }], yaml);
}

export type Guests = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

export const guestFiles = (guests: Guests) => ({
  ...handlerFiles("", async (name) => new Uint8Array(builtGateway(name))),
  read: async (url: string) => guests[url.slice("file://".length)] as Uint8Array<ArrayBuffer>,
});

/** Serves a gateway with these steps, which are of packages of its `own` or of these guests. */
export async function serveGuests(
  steps: readonly Step[],
  guests: Guests,
  port: number,
  {
    own = [],
    spec = {},
    configuration = {},
    ...options
  }: GatewayOptions & {
    readonly own?: readonly GatewayPackage[];
    readonly spec?: object;
    readonly configuration?: object;
  } = {},
): Promise<Gateway> {
  const resources = resourcesOf(steps, port, spec, configuration);
  const packages = [...own, ...(await handlerGuests(resources, own, guestFiles(guests)))];
  return await startGateway(compileGateway(resources, packages), { ...options, packages });
}
