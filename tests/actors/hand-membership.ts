/** Actors of an instance whose changes of owners a test goes through by hand. */
import { LocalActors, type LocalActorsOptions, type OpenActorStore } from "../../host/actors/local-actors.ts";
import type { Follower, HostReport, Membership } from "../../host/actors/placement/membership.ts";
import type { AppChannel } from "../../host/channel/app-channel.ts";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import type { ListingStore } from "../../host/components/state/store.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import type { RuntimeRequest, RuntimeResponse } from "../../host/http.ts";
import { nodeCore } from "../../host/node/core-module.ts";
import type { Log, Platform } from "../../host/platform.ts";
import { Resiliency } from "../../host/resiliency/resiliency.ts";
import { webPlatform } from "../../host/web-platform.ts";
import { openWith, testContext } from "../conformance/test-context.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Its rounds are begun by the test, as those of a coordinator are. */
export class HandMembership implements Membership {
  readonly name = "hand";
  valid = true;
  left = false;
  readonly rejoined: string[] = [];
  follower: Follower | undefined;

  async join(_report: HostReport, follower: Follower): Promise<void> {
    this.follower = follower;
  }
  async report(): Promise<void> {}
  rejoin(reason: string): void {
    this.rejoined.push(reason);
  }
  async leave(): Promise<void> {
    this.left = true;
  }

  update(version: number, hosts: readonly string[]): Promise<void> {
    const types = new Map([["Cat", hosts.map((name) => ({ name, appId: appOf(name) }))]]);
    return this.follower?.update({ version, term: 1, types }) ?? Promise.resolve();
  }

  async round(version: number, hosts: readonly string[]): Promise<void> {
    await this.update(version, hosts);
    await this.follower?.unlock(version);
  }
}

export type Answer = (request: RuntimeRequest) => Promise<Partial<RuntimeResponse>>;

/** An instance of another app than `app` is called `name@app`. */
const appOf = (name: string) => name.split("@")[1] ?? "app";

export async function startActors<M extends Membership>(
  name: string,
  membership: (platform: Platform) => M,
  open: {
    store: ListingStore | undefined;
    answer?: Answer;
    config?: Record<string, unknown>;
    remote?: LocalActorsOptions["remote"];
  },
  clock = new FakeClock(),
) {
  const core = await nodeCore();
  const platform: Platform = { ...webPlatform(silent), clock };
  const app: AppChannel = {
    invoke: async (request) => {
      const plain = { status: 200, headers: [], body: undefined };
      if (request.path !== "/dapr/config") return { ...plain, ...(await open.answer?.(request)) };
      const config = JSON.stringify({ entities: ["Cat"], ...open.config });
      return { ...plain, body: new TextEncoder().encode(config) };
    },
    ready: async () => undefined,
    properties: {},
    close: async () => undefined,
  };
  const context = { appId: "app", namespace: "default", core, platform, rules: undefined };
  const resiliency = await Resiliency.of([], context);
  let opened: OpenActorStore | undefined;
  const store = () => {
    if (open.store !== opened?.component) opened = open.store && { name: "store", component: open.store };
    return opened;
  };
  const own = membership(platform);
  const actors = new LocalActors({
    ...{ appId: appOf(name), namespace: "default", name, platform, core, app, store, membership: own },
    resiliency: () => resiliency,
    remote: open.remote ?? (() => Promise.reject(new Error("nothing is handed on here"))),
  });
  await actors.start(new AbortController().signal);
  return { actors, membership: own, clock };
}

export const memoryStore = () =>
  openWith(inMemoryStore, testContext("store", new FakeClock())) as Promise<ListingStore>;
