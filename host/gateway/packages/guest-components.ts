import { hostsOf } from "../../components/availability.ts";
import type { ComponentResource } from "../../resources/component.ts";
import { ResourceError } from "../../resources/fields.ts";
import { markedVariable, type SecretTable } from "../secret-table.ts";
import { type GuestComponentRow, guestFeatures } from "../table-shape.ts";
import type { GatewayPackage } from "./admit-package.ts";

/** Of those of a package's store, what a gateway makes use of. */
const storeFeatures = ["ETAG", "TRANSACTIONAL", "TTL"];

/** A type of components that a package of the gateway offers. */
interface Offered {
  readonly version: string;
  readonly features: readonly string[];
  readonly guest: number;
  readonly package: string;
}

/** A component that is a guest of http-wasm of its own. */
type Handles = NonNullable<GatewayPackage["handles"]> & { readonly guest: number };

/** What the runtime does in front of a store, and a gateway does not: it must not seem to be there. */
const beyond = /^(?:(?:primary|secondary)encryptionkey|outbox.*|actorstatestore)$/;

const promised = (features: readonly string[]) =>
  (features.includes("RESPONSE") ? guestFeatures.response : 0) |
  (features.includes("TRANSACTIONAL") ? guestFeatures.transactional : 0) |
  (features.includes("BULK") ? guestFeatures.bulk : 0);

/** The components that a gateway's packages can be. */
export class GuestComponents {
  readonly #types = new Map<string, Offered>();
  /** By the name of the component. */
  readonly #handlers = new Map<string, Handles>();
  readonly #secrets: SecretTable;

  /** Throws ResourceError where two packages, or one and daprlet itself, offer the same. */
  constructor(packages: readonly GatewayPackage[], secrets: SecretTable) {
    this.#secrets = secrets;
    for (const [guest, { row, components, handlers, handles }] of packages.entries()) {
      if (handles !== undefined) this.#handlers.set(handles.component, { ...handles, guest });
      for (const { type, version, features } of [
        ...components,
        ...handlers.map((each) => ({ ...each, features: [] })),
      ]) {
        const refuse = (cause: string): never => {
          throw new ResourceError(`package ${row.name} offers components of type ${type}, ${cause}`);
        };
        if (Object.hasOwn(hostsOf, type)) refuse("which is daprlet's own");
        const other = this.#types.get(type);
        if (other !== undefined) refuse(`which package ${other.package} does as well`);
        this.#types.set(type, { version, features, guest, package: row.name });
      }
    }
  }

  has(component: Pick<ComponentResource, "name" | "type">): boolean {
    return this.#types.has(component.type) || this.#handler(component) !== undefined;
  }

  /** What a store of this type promises, in the order in which a sidecar tells it; of others nothing. */
  features(type: string): readonly string[] {
    const offered = this.#types.get(type)?.features ?? [];
    return type.startsWith("state.") ? storeFeatures.filter((feature) => offered.includes(feature)) : [];
  }

  /** A component as its guest is told of it; `own` is metadata that is the gateway's, not the guest's. Throws ResourceError. */
  row(component: ComponentResource, own: (field: string) => boolean = () => false): GuestComponentRow {
    const { name, type, version, origin, metadata, secretKeyRefs } = component;
    const refuse = (cause: string): never => {
      throw new ResourceError(`${origin}: component ${name} ${cause}`);
    };
    const handler = this.#handler(component);
    const offered = handler ?? this.#types.get(type);
    if (offered === undefined) return refuse(`is ${type}, which no package of the gateway offers`);
    if (version !== offered.version) refuse(`is of version ${version}; its package has ${offered.version}`);
    const [ref] = secretKeyRefs;
    if (ref !== undefined)
      refuse(`has ${ref.field} in a secret store, which a gateway cannot ask; use envRef`);
    const fields = [...metadata].filter(([field]) => !own(field.toLowerCase()));
    const [unmet] = fields.find(([field]) => beyond.test(field.toLowerCase())) ?? [];
    if (unmet !== undefined)
      refuse(`has the metadata ${unmet}, of which a gateway does nothing: leave it out`);
    const setting = (field: string, value: string) => {
      const secret = markedVariable(value);
      return { name: field, value: secret === undefined ? value : "", secret: this.#secrets.index(secret) };
    };
    const { guest } = offered;
    if (handler === undefined) {
      const settings = fields.map(([field, value]) => setting(field, value));
      return { name, type, settings, guest, features: promised(offered.features as readonly string[]) };
    }
    // All else was for the build.
    const [, config = ""] = fields.find(([field]) => field.toLowerCase() === "guestconfig") ?? [];
    return { name, type, settings: [setting("guestConfig", config)], guest, features: handler.features };
  }

  #handler({ name, type }: Pick<ComponentResource, "name" | "type">): Handles | undefined {
    const found = this.#handlers.get(name);
    return found?.type === type ? found : undefined;
  }
}
