import { type Durability, type Family, families } from "../../components/component.ts";
import type { OpenComponents } from "../../components/open-component.ts";
import type { Definitions } from "../../components/registry.ts";
import { ComponentError } from "../../errors/component-error.ts";
import type { ComponentResource } from "../../resources/component.ts";
import type { LoadedPackage } from "../loaded-package.ts";
import type { CapabilityManifest, ComponentOffer, Offer } from "../manifest.ts";
import { offeredComponent } from "./offered-components.ts";
import type { PackageGuests } from "./offered-http-wasm.ts";

/**
 * What packages offer of components. An offer stays the same definition for as long as it is the same: one that is open asks the
 * package by its name, which may be another version by then.
 */
export class PackageComponents {
  readonly #loaded: () => ReadonlyMap<string, LoadedPackage>;
  readonly #durabilityOf: (store: string) => Durability;
  readonly #maxBodySize: number;
  /** Packages whose durability is being found out. */
  readonly #asked = new Set<string>();
  #offered: ReadonlyMap<string, Definitions[Family]> = new Map();
  /** Whose each is, by its name. */
  readonly #owners = new WeakMap<Definitions[Family], string>();

  /** `durabilityOf` tells that of a state store of the sidecar. */
  constructor(
    loaded: () => ReadonlyMap<string, LoadedPackage>,
    durabilityOf: (store: string) => Durability,
    maxBodySize: number,
  ) {
    this.#loaded = loaded;
    this.#durabilityOf = durabilityOf;
    this.#maxBodySize = maxBodySize;
  }

  get all(): readonly Definitions[Family][] {
    return [...this.#offered.values()];
  }

  /** The same for the same offers. */
  get offers(): string {
    return [...this.#offered.keys()].join();
  }

  /** Follows the packages that are loaded now. */
  become(): void {
    const offered = new Map<string, Definitions[Family]>();
    for (const { manifest } of this.#loaded().values()) {
      for (const offer of manifest.offers) {
        if (offer.kind !== "component") continue;
        const { name, description } = manifest;
        const abi = manifest.modules.find((module) => module.name === offer.module)?.abi;
        const key = JSON.stringify([name, description, offer, abi]);
        const definition = this.#offered.get(key) ?? this.#definition(offer, manifest, abi);
        this.#owners.set(definition, name);
        offered.set(key, definition);
      }
    }
    this.#offered = offered;
  }

  /** The components that are open by a package, of types that none of those to come offers. */
  stranded(
    { manifest }: LoadedPackage,
    coming: Iterable<LoadedPackage>,
    open: OpenComponents | undefined,
  ): readonly ComponentResource[] {
    if (open === undefined) return [];
    const offered = new Set([...coming].flatMap(({ manifest }) => manifest.offers.flatMap(typeOf)));
    return families
      .flatMap((family) => [...open[family].values()])
      .filter(({ listed }) => this.#owners.get(listed as Definitions[Family]) === manifest.name)
      .map(({ resource }) => resource)
      .filter(({ type }) => !offered.has(type));
  }

  #definition(
    offer: ComponentOffer,
    { name, description }: CapabilityManifest,
    abi: string | undefined,
  ): Definitions[Family] {
    const { module } = offer;
    const guests: PackageGuests = {
      of: (settings) => this.#present(name).httpWasm.of(module, settings),
      end: (settings) => this.#loaded().get(name)?.httpWasm.end(settings),
    };
    return offeredComponent(
      offer,
      `${description} (capability ${name})`,
      {
        ask: (fields, options) => this.#present(name).call(module, { fields, checks: [] }, options),
        kept: () => this.#kept(name),
        guests: abi === "http-wasm" ? guests : undefined,
      },
      this.#maxBodySize,
    );
  }

  /** As long as in the least lasting store that it may write to; where it keeps things by the network, as it promises. */
  #kept(name: string): Durability {
    const { state = [], fetch = [], invoke = [] } = this.#loaded().get(name)?.authority.granted ?? {};
    const stores = new Set(state.filter(({ access }) => access === "write").map(({ store }) => store));
    // Of stores that are kept in one another nothing stays.
    if (this.#asked.has(name)) return "memory";
    if (stores.size === 0) return fetch.length + invoke.length > 0 ? "persistent" : "memory";
    this.#asked.add(name);
    const found = new Set([...stores].map((store) => this.#durabilityOf(store)));
    this.#asked.delete(name);
    return (["memory", "best-effort"] as const).find((one) => found.has(one)) ?? "persistent";
  }

  #present(name: string): LoadedPackage {
    const one = this.#loaded().get(name);
    if (one === undefined)
      throw new ComponentError("UNAVAILABLE", `capability ${name} is not loaded any more`);
    return one;
  }
}

const typeOf = (offer: Offer): string | [] => (offer.kind === "component" ? offer.type : []);
