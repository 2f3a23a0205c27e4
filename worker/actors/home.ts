import type { OriginPlacement } from "./origin-placement.ts";

/** A placement, made when it is needed first. */
export class Home {
  readonly #make: () => OriginPlacement;
  made: OriginPlacement | undefined;

  constructor(make: () => OriginPlacement) {
    this.#make = make;
  }

  make(): OriginPlacement {
    this.made ??= this.#make();
    return this.made;
  }
}
