import { covers, isWildcard } from "./wildcard.ts";

/**
 * What the cross-type metadata of a pub/sub component (dapr-http-api §4.1) means for one app: which topics it may use,
 * under which name the broker knows them, and as which consumer it subscribes.
 */
export interface TopicAccess {
  mayPublish(topic: string): boolean;
  maySubscribe(topic: string): boolean;
  /** The broker's name for a topic: a component whose metadata holds `{namespace}` keeps namespaces apart. */
  brokerTopic(topic: string): string;
  readonly consumerId: string;
}

const list = (value: string | undefined): readonly string[] =>
  (value ?? "")
    .split(",")
    .map((topic) => topic.trim())
    .filter((topic) => topic !== "");

/** `app1=t1,t2;app2=`: the topics of one app, undefined when it is not named. An app with an empty list has none. */
function scopeOf(value: string | undefined, appId: string): readonly string[] | undefined {
  for (const entry of (value ?? "").split(";")) {
    const equals = entry.indexOf("=");
    if (equals !== -1 && entry.slice(0, equals).trim() === appId) return list(entry.slice(equals + 1));
  }
  return undefined;
}

/**
 * `filled` is the resource's metadata with its templates filled in, `raw` the same as written. With `wildcards` the lists
 * may name topics by them.
 */
export function topicAccess(
  raw: ReadonlyMap<string, string>,
  filled: ReadonlyMap<string, string>,
  { appId, namespace }: { readonly appId: string; readonly namespace: string },
  wildcards = false,
): TopicAccess {
  const fields = new Map([...filled].map(([name, value]) => [name.toLowerCase(), value]));
  const named = (names: readonly string[]) => {
    const all = new Set(names);
    const patterns = wildcards ? names.filter(isWildcard) : [];
    return (topic: string) => all.has(topic) || patterns.some((pattern) => covers(pattern, topic));
  };
  const allowedTopics = list(fields.get("allowedtopics"));
  const allowed = named(allowedTopics);
  const guarded = named(list(fields.get("protectedtopics")));
  const prefix = [...raw.values()].some((value) => value.includes("{namespace}")) ? namespace : "";
  const rule = (scopes: string | undefined) => {
    const own = scopeOf(scopes, appId);
    const scope = own && named(own);
    return (topic: string) => {
      if (allowedTopics.length > 0 && !allowed(topic)) return false;
      if (scope === undefined) return !guarded(topic);
      return scope(topic);
    };
  };
  return {
    mayPublish: rule(fields.get("publishingscopes")),
    maySubscribe: rule(fields.get("subscriptionscopes")),
    brokerTopic: prefix === "" ? (topic) => topic : (topic) => prefix + topic,
    consumerId: fields.get("consumerid") || appId,
  };
}
