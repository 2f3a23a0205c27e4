import type { Endpoint } from "../api/endpoint.ts";
import type { AccessTable, Core } from "../core/core.ts";
import { defaultTrustDomain } from "../resources/access-control.ts";
import type { Configuration } from "../resources/configuration.ts";
import { accessPolicies } from "./access-policies.ts";
import { ApiAccess } from "./api-access.ts";

/** What the Configuration forbids, made ready for each call. What it does not speak of is undefined, and costs nothing. */
export class Guards {
  /** Which apps may call what of this one. */
  access: AccessTable | undefined;
  /** What of the API may be called. */
  api: ApiAccess | undefined;
  trustDomain: string | undefined;
  readonly #core: Core;
  readonly #endpoints: readonly Endpoint[];
  #made = "";

  constructor(core: Core, endpoints: readonly Endpoint[], configuration: Configuration) {
    this.#core = core;
    this.#endpoints = endpoints;
    this.update(configuration);
  }

  update({ accessControl = {}, api }: Configuration): void {
    const asked = JSON.stringify([accessControl, api]);
    if (asked === this.#made) return;
    const policies = accessPolicies(accessControl);
    this.access = policies && this.#core.access(policies);
    this.api = api && new ApiAccess(api, this.#endpoints);
    const { trustDomain } = accessControl;
    this.trustDomain = trustDomain === defaultTrustDomain ? undefined : trustDomain;
    this.#made = asked;
  }
}
