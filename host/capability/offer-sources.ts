import type { Clock } from "../platform.ts";
import type { Containers } from "./containers.ts";
import type { Authority } from "./grants.ts";
import type { Source } from "./manifest.ts";

/** How long a source that failed is passed over, where there is another one. */
const DOWN_MS = 5_000;

const isLocal = ({ kind }: Source) => kind === "module" || kind === "container";

/** The sources of one offer, in the order in which they are asked. */
export class OfferSources {
  readonly #sources: readonly Source[];
  readonly #authority: Authority;
  readonly #clock: Pick<Clock, "now">;
  readonly #containers: Containers | undefined;
  readonly #downUntil = new Map<Source, number>();

  constructor(
    sources: readonly Source[],
    authority: Authority,
    clock: Pick<Clock, "now">,
    containers: Containers | undefined,
  ) {
    this.#sources = sources;
    this.#authority = authority;
    this.#clock = clock;
    this.#containers = containers;
  }

  /** Those that this host has and the user granted; those that failed lately come last. */
  get inOrder(): readonly Source[] {
    const { prefer } = this.#authority;
    const usable = this.#sources.filter((source) => this.usable(source));
    const local = prefer === "local";
    const preferred =
      prefer === undefined
        ? usable
        : [
            ...usable.filter((one) => isLocal(one) === local),
            ...usable.filter((one) => isLocal(one) !== local),
          ];
    const now = this.#clock.now();
    const isDown = (source: Source) => (this.#downUntil.get(source) ?? 0) > now;
    return [...preferred.filter((one) => !isDown(one)), ...preferred.filter(isDown)];
  }

  usable(source: Source): boolean {
    return this.refusal(source) === undefined;
  }

  /** Why none of them can be asked. */
  get refusals(): string {
    return this.#sources.map((source) => this.refusal(source) ?? "").join("; ");
  }

  failed(source: Source): void {
    this.#downUntil.set(source, this.#clock.now() + DOWN_MS);
  }

  /** Why it cannot be asked; undefined: it can. */
  refusal(source: Source): string | undefined {
    const { containers, fetch, invoke } = this.#authority.granted;
    switch (source.kind) {
      case "module":
        return undefined;
      case "remote": {
        const { origin } = new URL(source.url);
        return fetch.includes(origin) ? undefined : `${origin} was not granted`;
      }
      case "app":
        return invoke.some(({ app }) => app === source.app) ? undefined : `app ${source.app} was not granted`;
      case "container": {
        const none =
          this.#containers === undefined ? "this host runs no containers" : this.#containers.refusal;
        if (none !== undefined) return `it is offered as the container ${source.image}, and ${none}`;
        return containers.includes(source.image)
          ? undefined
          : `the container ${source.image} was not granted`;
      }
    }
  }
}
