import type { ActorClasses } from "../../host/actors/classes/actor-class.ts";
import type { WasmApp } from "../../host/capability/app/wasm-app.ts";
import { type RuntimeRequest, readBody } from "../../host/http.ts";
import { type Clock, withTimeout } from "../../host/platform.ts";
import { packagesNews } from "../actors/packages-news.ts";
import type { PageHost } from "../actors/page-host.ts";
import type { WireRequest } from "../messages.ts";
import { AppHost, baseOf } from "./app-host.ts";
import type { GivenWasm, WasmContext } from "./open-wasm.ts";
import type { Page } from "./page.ts";
import type { RegisterContext } from "./register.ts";
import type { Served, ServeOptions } from "./serve.ts";

/** How long a handler may take to say which actors it has before `serve()` resolves without them; they come later. */
const CONFIG_MS = 1000;

/** Behind `serve()` of the client. */
export async function serveApp(
  options: ServeOptions,
  { window, clock, module }: RegisterContext,
  page: Page,
): Promise<Served> {
  const { appId, fetch: handler, wasm, subscriptions, maxConcurrency, actors } = options;
  if ((handler ?? wasm ?? actors) === undefined || (handler !== undefined && wasm !== undefined)) {
    throw new TypeError(
      "serve(): pass fetch, the app's handler, or wasm, its module, and actors beside or instead",
    );
  }
  const door = () => {
    const open = page.door(appId);
    if (open === undefined) throw new Error(`serve(): ${appId} was unregistered meanwhile`);
    return open;
  };
  let hosting: PageHost | undefined;
  const api = async (request: WireRequest) =>
    (await hosting?.own(request)) ?? (await door().call(request, undefined));
  const context = { appId, module, maxConcurrency, fetch: page.fetch, api };
  const guest = wasm === undefined ? undefined : await openWasm(wasm, context);
  await door().app?.hosting?.stop();
  const records = guest && ((request: RuntimeRequest) => guest.answer(request));
  const parts = {
    handler,
    records,
    subscriptions,
    maxConcurrency,
    actors: actors && (await answers(actors, api)),
  };
  let app = new AppHost(parts, clock, baseOf(window), door().app);
  const serving = async () => await door().serve(app);
  const host = async () => {
    const { hostInPage } = await import("../client-actors.ts");
    const nudge = () =>
      void api({ method: "GET", path: "/v1.0/healthz", query: "", headers: [], body: undefined });
    hosting = await hostInPage({ app: () => app, nudge }, clock);
    app = new AppHost({ ...parts, hosting }, clock, baseOf(window), app);
    await serving();
    await hosting.start();
  };
  // A runtime in this very page hosts them by itself.
  const byWorker = door().kind === "worker";
  let news: BroadcastChannel | undefined;
  if (actors !== undefined && byWorker) await host();
  else {
    await serving();
    if (byWorker) {
      let begun = false;
      const look = async () => {
        if (!((await hasActors(app)) || (await packagesAre(api))) || begun || news === undefined) return;
        begun = true;
        news.close();
        await host();
      };
      // A package that a tab brings later may be actors, too.
      news = new BroadcastChannel(packagesNews(appId));
      news.onmessage = () => void look();
      await patiently(clock, look());
    }
  }
  return {
    appId,
    async stop() {
      news?.close();
      news = undefined;
      await hosting?.stop();
      await door().serve(door().app?.withoutApp());
      await guest?.close();
    },
  };
}

async function openWasm(given: string | GivenWasm, context: WasmContext): Promise<WasmApp> {
  return await (await import("../client-wasm.ts")).openWasm(given, context);
}

async function answers(classes: ActorClasses, api: (request: WireRequest) => ReturnType<AppHost["answer"]>) {
  const { ActorApp, apiActorSidecar } = await import("../client-classes.ts");
  const sidecar = apiActorSidecar(async (request) => {
    const { status, headers, body } = await api(request);
    return { status, headers, body: await readBody(body) };
  });
  const app = new ActorApp(classes, { sidecar });
  return app.answer.bind(app);
}

/** Whether a handler says, as Dapr asks it, that it has actors. */
async function hasActors(app: AppHost): Promise<boolean> {
  const request = { method: "GET", path: "/dapr/config", query: "", headers: [], body: undefined };
  const { status, body } = await app.run(request, undefined);
  const text = new TextDecoder().decode(await readBody(body));
  try {
    return status === 200 && JSON.parse(text).entities.length > 0;
  } catch {
    return false;
  }
}

/** Whether packages of the worker are types of actors, which tabs that serve host. */
async function packagesAre(api: (request: WireRequest) => ReturnType<AppHost["answer"]>): Promise<boolean> {
  const request = { method: "GET", path: "/v1.0/capabilities", query: "", headers: [], body: undefined };
  const { status, body } = await api(request);
  if (status !== 200) return false;
  const { capabilities } = JSON.parse(new TextDecoder().decode(await readBody(body))) as {
    readonly capabilities: readonly { readonly offers?: readonly { readonly kind: string }[] }[];
  };
  return capabilities.some(({ offers }) => offers?.some(({ kind }) => kind === "actor"));
}

async function patiently(clock: Clock, work: Promise<void>): Promise<void> {
  const late = new Error("it goes on");
  await withTimeout(clock, CONFIG_MS, work, () => late).catch((error: unknown) => {
    if (error !== late) throw error;
  });
}
