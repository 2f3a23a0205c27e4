import { type OpenedSecretStores, secretValues } from "./components/secretstores/secret-values.ts";
import { ComponentError } from "./errors/component-error.ts";
import { reasonOf } from "./errors/reason-of.ts";
import { fieldValue } from "./header-field.ts";
import type { Connections, Platform } from "./platform.ts";
import type { ClientTlsResource, HttpEndpointResource } from "./resources/http-endpoint.ts";
import { inScope } from "./resources/scope.ts";

/** A server outside that is invoked by a name. */
export interface HttpEndpoint {
  readonly baseUrl: string;
  /** Sent in place of a caller's of the same names. */
  readonly headers: ReadonlyMap<string, string>;
  /** Undefined: calls go by the platform's `fetch`. */
  readonly connections: Connections | undefined;
}

interface Open extends HttpEndpoint {
  /** What it was made of, secrets included, to tell whether it changed. */
  readonly of: string;
}

export interface HttpEndpointsOptions {
  readonly appId: string;
  /** What the host was given. */
  readonly namespace: string | undefined;
  /** What the host calls itself in errors. */
  readonly host: string;
  readonly platform: Platform;
}

const what = { kind: "HTTPEndpoint", field: "spec." };

/** The HTTPEndpoints of one app, by name. */
export class HttpEndpoints {
  readonly #options: HttpEndpointsOptions;
  #open: ReadonlyMap<string, Open> = new Map();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: HttpEndpointsOptions) {
    this.#options = options;
  }

  get(name: string): HttpEndpoint | undefined {
    return this.#open.get(name);
  }

  get names(): readonly string[] {
    return [...this.#open.keys()];
  }

  /**
   * Brings what is open to `resources`, with secrets read anew. `failed` is told of each that cannot be opened as it is
   * wanted; what was there of it stays, unless it throws. What is left behind closes once `drained` has resolved. Updates
   * run one after the other.
   */
  update(
    resources: readonly HttpEndpointResource[],
    stores: OpenedSecretStores,
    failed: (error: ComponentError) => void = raise,
    drained: () => Promise<void> = async () => undefined,
  ): Promise<void> {
    const turn = this.#turn.then(() => this.#become(resources, stores, failed, drained));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #become(
    resources: readonly HttpEndpointResource[],
    stores: OpenedSecretStores,
    failed: (error: ComponentError) => void,
    drained: () => Promise<void>,
  ): Promise<void> {
    const { appId, namespace } = this.#options;
    const before = this.#open;
    const next = new Map<string, Open>();
    for (const resource of resources) {
      if (!inScope(resource, appId, namespace)) continue;
      const { name, origin } = resource;
      const former = before.get(name);
      try {
        if (next.has(name)) throw refuse(resource, "this name is defined twice; rename one of them");
        next.set(name, await this.#opened(resource, former, stores));
        if (former === undefined && name.includes(".")) {
          this.#options.platform.log.warn(
            `HTTPEndpoint ${name} (${origin}) cannot be invoked: its name must not contain a dot`,
          );
        }
      } catch (error) {
        failed(ComponentError.from(error));
        if (former !== undefined && !next.has(name)) next.set(name, former);
      }
    }
    this.#open = next;
    const kept = new Set(next.values());
    const leaving = [...before.values()].filter((endpoint) => !kept.has(endpoint));
    if (leaving.length === 0) return;
    await drained();
    await Promise.allSettled(leaving.map(({ connections }) => connections?.close()));
  }

  async #opened(
    resource: HttpEndpointResource,
    former: Open | undefined,
    stores: OpenedSecretStores,
  ): Promise<Open> {
    const secrets = await secretValues(resource, stores, what);
    const { baseUrl, clientTls } = resource;
    const headers = new Map<string, string>();
    const tls = new Map(clientTls?.values);
    const sent = [...resource.headers].map(([name, value]): [string, string] => [`headers.${name}`, value]);
    for (const [field, value] of [...sent, ...secrets]) {
      const [section, ...name] = field.split(".");
      if (section === "clientTLS") tls.set(name.join("."), value);
      else {
        const carried = fieldValue(value);
        if (carried === undefined) throw refuse(resource, `spec.${field} cannot be sent in a header`);
        headers.set(name.join("."), carried);
      }
    }
    const of = JSON.stringify([baseUrl, [...headers], clientTls && [clientTls.renegotiation, [...tls]]]);
    if (former?.of === of) return former;
    const connections = clientTls && (await this.#connections(resource, clientTls, tls));
    return { baseUrl: baseUrl.replace(/\/+$/, ""), headers, connections, of };
  }

  async #connections(
    resource: HttpEndpointResource,
    { renegotiation }: ClientTlsResource,
    values: ReadonlyMap<string, string>,
  ): Promise<Connections> {
    const { platform, host } = this.#options;
    if (platform.secure === undefined) {
      const remedy = "call it through a sidecar on Node, or leave it out";
      throw refuse(
        resource,
        `spec.clientTLS: ${host} cannot choose the certificates of a connection; ${remedy}`,
      );
    }
    try {
      return await platform.secure(new URL(resource.baseUrl).origin, {
        rootCA: values.get("rootCA"),
        certificate: values.get("certificate"),
        privateKey: values.get("privateKey"),
        renegotiation,
      });
    } catch (error) {
      throw refuse(resource, `spec.clientTLS cannot be used: ${reasonOf(error)}`);
    }
  }

  async close(): Promise<void> {
    await this.update([], new Map());
  }
}

function raise(error: Error): never {
  throw error;
}

function refuse({ name, origin }: HttpEndpointResource, cause: string): ComponentError {
  return new ComponentError("INVALID_ARGUMENT", `HTTPEndpoint ${name} (${origin}): ${cause}`);
}
