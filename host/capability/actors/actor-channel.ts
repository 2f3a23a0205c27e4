import type { AppChannel } from "../../channel/app-channel.ts";
import { type RuntimeRequest, type RuntimeResponse, readBody } from "../../http.ts";
import type { Log } from "../../platform.ts";
import type { Capabilities } from "../capabilities.ts";

const largest = 1 << 20;
const notFound: RuntimeResponse = { status: 404, headers: [], body: undefined };

type Entities = Readonly<Record<string, unknown>>;

/** The app where its actors are called, with those of packages beside them: types that the app hosts are the app's. */
export function withPackageActors(
  app: AppChannel | undefined,
  packages: Pick<Capabilities, "actorTypes" | "answerActor"> | undefined,
  log: Log,
): AppChannel | undefined {
  if (packages === undefined) return app;
  /** Of the app, as it said last. */
  let own: ReadonlySet<unknown> = new Set();

  async function config(request: RuntimeRequest): Promise<RuntimeResponse> {
    const answer = (await app?.invoke(request)) ?? notFound;
    const hosted = packages?.actorTypes ?? new Map();
    if (hosted.size === 0) {
      own = new Set();
      return answer;
    }
    const said = await entitiesOf(answer);
    const { entities = [], entitiesConfig = [] } = said;
    own = new Set(Array.isArray(entities) ? entities : []);
    const added = [...hosted].filter(([type]) => !own.has(type));
    for (const [type] of hosted)
      if (own.has(type))
        log.warn(`actors of type ${type} are the app's: the package that offers them is passed over`);
    const whole = {
      ...said,
      entities: [...own, ...added.map(([type]) => type)],
      entitiesConfig: [
        ...(Array.isArray(entitiesConfig) ? entitiesConfig : []),
        ...added.map(([type, of]) => ({ ...of, entities: [type] })),
      ],
    };
    return { status: 200, headers: [], body: new TextEncoder().encode(JSON.stringify(whole)) };
  }

  return {
    properties: app?.properties ?? {},
    ready: async (signal) => await app?.ready(signal),
    ...(app?.watch !== undefined && { watch: (changed) => app.watch?.(changed) }),
    async invoke(request) {
      if (request.path === "/dapr/config") return await config(request);
      const [, , type = ""] = request.path.split("/", 3);
      if (!own.has(decodeURIComponent(type))) {
        const answer = await packages.answerActor(request);
        if (answer !== undefined) return answer;
      }
      return (await app?.invoke(request)) ?? notFound;
    },
    close: async () => undefined,
  };
}

/** What an app hosts; nothing where it does not say, or what it says is none. */
async function entitiesOf({ status, body }: RuntimeResponse): Promise<Entities> {
  const text = new TextDecoder().decode(await readBody(body, largest));
  if (status !== 200) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Entities) : {};
  } catch {
    return {};
  }
}
