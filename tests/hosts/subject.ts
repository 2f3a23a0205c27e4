import { AppControl } from "../api/app-control.ts";
import { type DifferenceId, expectedOn } from "../api/differences.ts";
import type { Feature, Host, HostDefinition, RequestOptions } from "./host.ts";

/** A host as the suites see it: declared before it runs, running when the tests do. */
export class Subject {
  readonly definition: HostDefinition;
  readonly #host: () => Host;
  /** Different in every run of a suite, so that what an earlier one left behind does not matter. */
  readonly run = Math.random().toString(36).slice(2, 8);
  #keys = 0;

  constructor(definition: HostDefinition, host: () => Host) {
    this.definition = definition;
    this.#host = host;
  }

  get host(): Host {
    return this.#host();
  }

  /** The first app, asked through its own sidecar. */
  get app(): AppControl {
    return new AppControl(this.host);
  }

  /** The second app, asked through its own sidecar. */
  get peerApp(): AppControl {
    return new AppControl(this.host.peer);
  }

  has(feature: Feature): boolean {
    return this.definition.features.has(feature);
  }

  /** A key nobody used. */
  key(name = "key"): string {
    return `${name}-${this.run}-${this.#keys++}`;
  }

  fetch(path: string, options?: RequestOptions) {
    return this.host.fetch(path, options);
  }

  /** Sends JSON: a value, or a string that is JSON already. */
  send(method: string, path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    return this.host.fetch(path, {
      method,
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
  }

  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>) {
    return this.send("POST", path, body, headers);
  }

  /** This host's column of a row of `differences.ts`. */
  expected<Id extends DifferenceId>(id: Id) {
    return expectedOn(this.definition.dialect, id);
  }
}
