import type { Family } from "../../components/component.ts";
import type { Definitions } from "../../components/registry.ts";
import { ComponentError } from "../../errors/component-error.ts";
import type { LoadedPackage } from "../loaded-package.ts";
import type { CapabilityManifest, ComponentOffer } from "../manifest.ts";
import { offeredComponent } from "./offered-components.ts";
import type { PackageGuests } from "./offered-http-wasm.ts";

/**
 * What packages offer of components. An offer stays the same definition for as long as it is the same: one that is open asks the
 * package by its name, which may be another version by then.
 */
export class PackageComponents {
  readonly #loaded: () => ReadonlyMap<string, LoadedPackage>;
  readonly #maxBodySize: number;
  #offered: ReadonlyMap<string, Definitions[Family]> = new Map();

  constructor(loaded: () => ReadonlyMap<string, LoadedPackage>, maxBodySize: number) {
    this.#loaded = loaded;
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
        offered.set(key, this.#offered.get(key) ?? this.#definition(offer, manifest, abi));
      }
    }
    this.#offered = offered;
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
      (fields, options) => this.#present(name).call(module, { fields, checks: [] }, options),
      this.#maxBodySize,
      abi === "http-wasm" ? guests : undefined,
    );
  }

  #present(name: string): LoadedPackage {
    const one = this.#loaded().get(name);
    if (one === undefined)
      throw new ComponentError("UNAVAILABLE", `capability ${name} is not loaded any more`);
    return one;
  }
}
