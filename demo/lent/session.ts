import { signal } from "@preact/signals";
import { register } from "daprlet";
import type { Contributor, ShownProject } from "daprlet/lent";
import { contributor } from "daprlet/lent";
import { addPackage, fetchPackage } from "daprlet/packages";

/** What this tab lends to one project. */
export interface Lending {
  readonly contributor: Contributor;
  readonly lies: boolean;
}

/** The name that this tab's credit is under. A tab is a visitor here, so that two of them can agree. */
function visitor(): string {
  const known = sessionStorage.getItem("visitor");
  if (known !== null) return known;
  const name = `visitor-${crypto.randomUUID().slice(0, 4)}`;
  sessionStorage.setItem("visitor", name);
  return name;
}

/** What the parts of the page share. */
export const session = {
  visitor: visitor(),
  /** The relay that `npm start` runs beside this page, or the one in the address. */
  relay:
    new URL(location.href).searchParams.get("relay") ??
    (import.meta.env.VITE_RELAY_URL as string | undefined),
  scope: signal<string | undefined>(undefined),
  failure: signal<string | undefined>(undefined),
  projects: signal<readonly ShownProject[]>([]),
  /** The one that consent is asked for. */
  asking: signal<ShownProject | undefined>(undefined),
  lending: signal<ReadonlyMap<string, Lending>>(new Map()),
};

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const method = (path: string) => fetch(`/v1.0/invoke/lent/method/${path}`);

async function look(): Promise<void> {
  const answer = await method("projects");
  if (!answer.ok) throw new Error(`The app that gives out work does not answer (${answer.status}).`);
  session.projects.value = await answer.json();
}

/** Joins the others by the relay. Nothing of a project is fetched, and nothing runs. */
export async function boot(): Promise<void> {
  try {
    const { relay } = session;
    if (relay === undefined)
      throw new Error("Others are reached by a relay: npm start runs one beside this page.");
    const sidecar = await register({
      appId: "lent-visitor",
      scriptUrl: new URL("sw.js", location.href),
      capabilities: { fromPages: true },
      relay,
      components: [{ name: "pubsub", type: "pubsub.relay", metadata: { url: relay, concurrency: 1 } }],
    });
    session.scope.value = sidecar.scope;
    await look();
  } catch (error) {
    session.failure.value = textOf(error);
    return;
  }
  setInterval(() => {
    look().then(
      () => (session.failure.value = undefined),
      (error: unknown) => (session.failure.value = textOf(error)),
    );
  }, 500);
  // A page that goes gives back what it has under way.
  window.addEventListener("pagehide", () => {
    for (const { contributor } of session.lending.value.values()) void contributor.stop();
  });
  window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
}

function set(name: string, lending: Lending | undefined): void {
  const all = new Map(session.lending.value);
  if (lending === undefined) all.delete(name);
  else all.set(name, lending);
  session.lending.value = all;
}

/** Fetches the package by its hash, confines it, and begins. */
export async function lend(project: ShownProject): Promise<void> {
  session.asking.value = undefined;
  try {
    const { address, sha256, limits } = project.package;
    const one = await fetchPackage(new URL(address, location.href), { sha256 });
    await addPackage(one, { scope: session.scope.value as string, granted: [], limits });
    begin(project, false);
  } catch (error) {
    session.failure.value = textOf(error);
  }
}

function begin(project: ShownProject, lies: boolean): void {
  const options = lies ? { compute: async () => crypto.getRandomValues(new Uint8Array(16)) } : {};
  const one = contributor({
    project,
    worker: session.visitor,
    fetch: (...given) => fetch(...given),
    ...options,
  });
  one.start();
  set(project.name, { contributor: one, lies });
}

/** Goes on with results that are made up, or with true ones again. */
export async function lie(project: ShownProject, lies: boolean): Promise<void> {
  await session.lending.value.get(project.name)?.contributor.stop();
  begin(project, lies);
}

export async function stop({ name }: ShownProject): Promise<void> {
  const lending = session.lending.value.get(name);
  set(name, undefined);
  await lending?.contributor.stop();
}

/** The bytes of a unit that were accepted. */
export async function resultOf(project: string, unit: number): Promise<Uint8Array | undefined> {
  const answer = await method(`projects/${project}/units/${unit}`);
  return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : undefined;
}
