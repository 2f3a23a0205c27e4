import { parseDuration } from "../duration.ts";

/** How actors of one type are hosted. */
export interface ActorTypeConfig {
  /** Milliseconds without a call after which an actor is deactivated. */
  readonly idleTimeoutMs: number;
  /** How long calls under way may last once their actor is owned elsewhere; then they are cut off. Milliseconds. */
  readonly drainTimeoutMs: number;
  /** False: they are cut off at once. */
  readonly drainsCalls: boolean;
  /** Calls of one chain that an actor takes at a time; undefined: it is not reentrant. */
  readonly maxStackDepth: number | undefined;
}

/** What an app answers to `GET /dapr/config` (dapr-http-api §2.2): the types that it hosts, by name. */
export type ActorConfig = ReadonlyMap<string, ActorTypeConfig>;

export const noActors: ActorConfig = new Map();

export const defaultTypeConfig: ActorTypeConfig = {
  idleTimeoutMs: 60 * 60_000,
  drainTimeoutMs: 2_000,
  drainsCalls: true,
  maxStackDepth: undefined,
};

const defaultStackDepth = 32;
/** Longer than it no name of a type may be; the placement service refuses it. */
const longestType = 128;

type Members = ReadonlyMap<string, unknown>;

function members(value: unknown): Members {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return new Map(isObject ? Object.entries(value) : []);
}

/** Why a type cannot be hosted under its name; undefined: it can. */
function refusal(type: unknown): string | undefined {
  if (typeof type !== "string" || type === "") return "an entity has no name";
  if (type.length > longestType) return `an entity's name is longer than ${longestType} characters`;
  if (/[/\\#?\p{Cc}]|\|\||\|$|^\.\.?$/u.test(type)) {
    return `entity ${JSON.stringify(type)} cannot be called: a name holds no / \\ # ? || nor control characters, and ends with no |`;
  }
  return type.startsWith("dapr.internal.") ? `entity ${type} has a reserved name` : undefined;
}

/**
 * Reads the body of an app's answer. What is wrong with the whole throws; what is wrong with one entity is told to
 * `warn`, and its default holds, as in Dapr.
 */
export function parseActorConfig(body: string, warn: (sentence: string) => void): ActorConfig {
  const root = members(body.trim() === "" ? {} : JSON.parse(body));
  const entities = root.get("entities") ?? [];
  if (!Array.isArray(entities)) throw new TypeError("expected an array for entities");
  const usual = configOf(root, defaultTypeConfig, (name, given) => {
    throw new TypeError(`expected a duration such as "60m" for ${name}, found ${JSON.stringify(given)}`);
  });
  const types = new Map<string, ActorTypeConfig>();
  for (const type of entities) {
    const why = refusal(type);
    if (why === undefined) types.set(type, usual);
    else warn(`${why}; it is not hosted`);
  }
  const own = root.get("entitiesConfig") ?? [];
  if (!Array.isArray(own)) throw new TypeError("expected an array for entitiesConfig");
  for (const each of own) {
    const entry = members(each);
    const named = entry.get("entities");
    for (const type of Array.isArray(named) ? named : []) {
      if (!types.has(type)) {
        warn(`entitiesConfig names ${JSON.stringify(type)}, which is not in entities; it is left out`);
        continue;
      }
      // As in Dapr, an entity's own entry does not inherit the idle time and the reentrancy of the whole.
      const base = { ...usual, idleTimeoutMs: defaultTypeConfig.idleTimeoutMs, maxStackDepth: undefined };
      const bad = (name: string) => warn(`${name} of entity ${type} is no duration; the default holds`);
      types.set(type, configOf(entry, base, bad));
    }
  }
  return types;
}

function configOf(
  given: Members,
  base: ActorTypeConfig,
  bad: (name: string, value: unknown) => void,
): ActorTypeConfig {
  const duration = (name: string, otherwise: number) => {
    const value = given.get(name) ?? "";
    if (value === "") return otherwise;
    const ms = typeof value === "string" ? parseDuration(value) : undefined;
    if (ms !== undefined && ms >= 0) return ms;
    bad(name, value);
    return otherwise;
  };
  const drains = given.get("drainRebalancedActors");
  const reentrancy = members(given.get("reentrancy"));
  const depth = reentrancy.get("maxStackDepth");
  const reentrant = reentrancy.get("enabled") === true;
  return {
    idleTimeoutMs: duration("actorIdleTimeout", base.idleTimeoutMs),
    drainTimeoutMs: duration("drainOngoingCallTimeout", base.drainTimeoutMs),
    drainsCalls: typeof drains === "boolean" ? drains : base.drainsCalls,
    maxStackDepth: reentrant
      ? typeof depth === "number" && depth > 0
        ? depth
        : defaultStackDepth
      : given.has("reentrancy")
        ? undefined
        : base.maxStackDepth,
  };
}
