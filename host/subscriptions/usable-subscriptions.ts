import { isWildcard } from "../components/pubsub/wildcard.ts";
import type { Sidecar } from "../sidecar.ts";
import type { AppSubscription } from "./app-subscription.ts";

/** The name it gives; where it gives none, the only pub/sub there is (the book's form, not strict). */
function pubsubOf({ pubsubname, called }: AppSubscription, sidecar: Sidecar): string | undefined {
  if (pubsubname !== "") return pubsubname;
  const { log, components, strict, once } = sidecar;
  const [only, another] = components.pubsub.keys();
  if (!strict && only !== undefined && another === undefined) {
    once(`subscriptions without pubsubname are taken for ${only}, the only pub/sub loaded; name it in them`);
    return only;
  }
  const names = [...components.pubsub.keys()].join(", ");
  log.error(
    `${called} has no pubsubname; it is left out: name one of ${names || "the pub/subs, of which none is loaded"}`,
  );
  return undefined;
}

/**
 * Those whose pub/sub is there and lets this app in, one for each topic: the last that the app named itself, else the
 * first that was declared.
 */
export function usableSubscriptions<S extends AppSubscription>(
  declared: readonly S[],
  own: readonly S[],
  sidecar: Sidecar,
): readonly S[] {
  const { log, appId, components, once } = sidecar;
  const usable = new Map<string, S>();
  for (const subscription of [...declared, ...own]) {
    const { topic, called, type } = subscription;
    const pubsubname = pubsubOf(subscription, sidecar);
    if (pubsubname === undefined) continue;
    const opened = components.pubsub.get(pubsubname);
    if (opened === undefined) {
      log.error(`${called} names pub/sub ${pubsubname}, which is not loaded`);
      continue;
    }
    if (isWildcard(topic) && !opened.definition.features.includes("SUBSCRIBE_WILDCARDS")) {
      log.error(
        `${called}: pub/sub ${pubsubname} (${opened.resource.type}) has no wildcards; name each topic by itself`,
      );
      continue;
    }
    // Topics of another namespace may begin like those of this one.
    if (isWildcard(topic) && opened.access.brokerTopic(topic) !== topic) {
      log.error(
        `${called}: pub/sub ${pubsubname} keeps namespaces apart, and has no wildcards then; name each topic by itself`,
      );
      continue;
    }
    if (!opened.access.maySubscribe(topic)) {
      log.error(
        `${called}: topic ${topic} of pub/sub ${pubsubname} is not allowed for app id ${appId}; not subscribed`,
      );
      continue;
    }
    const key = JSON.stringify([pubsubname, topic]);
    const other = usable.get(key);
    if (type === "DECLARATIVE" && other !== undefined) {
      once(`${called} is left out: ${other.called} is to the same topic and comes first`);
      continue;
    }
    // Behind those that were declared, as metadata lists them.
    usable.delete(key);
    usable.set(key, { ...subscription, pubsubname });
  }
  return [...usable.values()];
}
