import type { FinishedSpan } from "../components/exporters/span-exporter.ts";
import type { OpenedExporter } from "../components/open-component.ts";
import type { Core } from "../core/core.ts";
import type { Platform } from "../platform.ts";
import type { Resources } from "../resources/resources.ts";
import type { TracingSection } from "../resources/tracing-section.ts";
import { Tracing } from "./tracing.ts";

/** How many of the traces that begin here are recorded; 0 turns tracing off. It needs no exporter to be on. */
function samplingRate(tracing: TracingSection | undefined, exporters: boolean): number {
  if (tracing?.samplingRate !== undefined) return tracing.samplingRate;
  // daprd's own, where the section is there and does not say. Who adds an exporter and no section wants to see it work.
  if (tracing !== undefined) return 0.0001;
  return exporters ? 1 : 0;
}

/** Tracing as the resources want it at present. */
export class Tracer {
  readonly #options: { readonly core: Core; readonly platform: Platform };
  readonly #exporters: () => ReadonlyMap<string, OpenedExporter> | undefined;
  #tracing: Tracing | undefined;

  /** `exporters` are asked for with each span: an update may change them. */
  constructor(
    options: { readonly core: Core; readonly platform: Platform },
    exporters: () => ReadonlyMap<string, OpenedExporter> | undefined,
  ) {
    this.#options = options;
    this.#exporters = exporters;
  }

  /** Undefined while it is off: a trace of the callers passes as it is then. */
  get tracing(): Tracing | undefined {
    return this.#tracing;
  }

  update({ configuration }: Resources): void {
    const { core, platform } = this.#options;
    const rate = samplingRate(configuration.tracing, this.#enabled().length > 0);
    if (rate === (this.#tracing?.rate ?? 0)) return;
    if (rate === 0) this.#tracing = undefined;
    else {
      const record = (span: FinishedSpan) => {
        for (const { component } of this.#enabled()) component.add(span);
      };
      this.#tracing = new Tracing({ rate, core, platform, record });
    }
  }

  #enabled(): readonly OpenedExporter[] {
    return [...(this.#exporters()?.values() ?? [])].filter(({ enabled }) => enabled);
  }
}
