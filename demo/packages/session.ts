import { signal } from "@preact/signals";
import { register } from "daprlet";
import { type Ask, addPackage, type PackageFile, removePackage } from "daprlet/packages";

/** One operation of `GET /v1.0/capabilities`. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: "path" | "query" | "header";
    readonly required: boolean;
    readonly type?: string;
  }[];
  readonly body?: { readonly required: boolean; readonly content: readonly string[] };
}

/** A package of it, as far as it is shown here. */
export interface Loaded {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly modules: readonly { readonly memory: number; readonly sha256: string }[];
  readonly offers: readonly { readonly kind: string; readonly operations?: readonly Operation[] }[];
  readonly refused: readonly string[];
  readonly limits: { readonly timeMs: number; readonly concurrency: number };
  readonly measured: {
    readonly calls: number;
    readonly answered: number;
    readonly refusedCalls: number;
    readonly meanMs: number;
    readonly slowestMs: number;
    readonly instances: number;
    readonly started: number;
    readonly faults: Readonly<Record<string, number>>;
  };
}

/** What the parts of the page share. */
export const session = {
  scope: signal<string | undefined>(undefined),
  failure: signal<string | undefined>(undefined),
  loaded: signal<readonly Loaded[]>([]),
  /** Dropped, and not granted anything yet. */
  asking: signal<PackageFile | undefined>(undefined),
  refusal: signal<string | undefined>(undefined),
};

export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function look(): Promise<void> {
  const response = await fetch("/v1.0/capabilities");
  if (response.ok) session.loaded.value = (await response.json()).capabilities;
}

/** Starts the sidecar of this page, and looks at its packages from then on. */
export async function boot(): Promise<void> {
  try {
    const sidecar = await register({
      appId: "packages",
      scriptUrl: new URL("sw.js", location.href),
      capabilities: { fromPages: true },
      components: [
        { name: "statestore", type: "state.indexeddb" },
        { name: "pubsub", type: "pubsub.browser" },
      ],
    });
    await look();
    session.scope.value = sidecar.scope;
    setInterval(() => void look().catch(() => undefined), 500);
  } catch (error) {
    session.failure.value = textOf(error);
  }
}

/** Shows what a package asks for, once it is read. */
export async function consider(reading: Promise<PackageFile>): Promise<void> {
  session.refusal.value = undefined;
  try {
    session.asking.value = await reading;
  } catch (error) {
    session.refusal.value = textOf(error);
  }
}

/** Adds the package that is asked about, with what was granted. */
export async function add(granted: readonly Ask[]): Promise<void> {
  const { asking, refusal } = session;
  const one = asking.value;
  asking.value = undefined;
  if (one === undefined) return;
  try {
    await addPackage(one, { scope: session.scope.value as string, granted });
    await look();
  } catch (error) {
    refusal.value = textOf(error);
  }
}

export async function remove(name: string): Promise<void> {
  session.refusal.value = undefined;
  try {
    await removePackage(name, { scope: session.scope.value as string });
    await look();
  } catch (error) {
    session.refusal.value = textOf(error);
  }
}
