import { readBody } from "../../host/http.ts";
import type { Clock } from "../../host/platform.ts";
import { AppHost, baseOf } from "./app-host.ts";
import type { Door } from "./door.ts";
import { type EventHandler, type SubscribeOptions, TopicHandlers } from "./topic-handlers.ts";

/** A handler that gets events. */
export interface Subscribed {
  readonly topic: string;
  /** The handler gets no event any more; without another one the app is no longer subscribed. */
  unsubscribe(): Promise<void>;
}

/** Whether the sidecar has subscribed to the route. */
async function isSubscribed(door: Door, route: string): Promise<boolean> {
  const request = { method: "GET", path: "/v1.0/metadata", query: "", headers: [], body: undefined };
  const { body } = await door.call(request, undefined);
  const { subscriptions = [] } = JSON.parse(new TextDecoder().decode(await readBody(body))) as {
    readonly subscriptions?: readonly { readonly rules?: readonly { readonly path: string }[] }[];
  };
  return subscriptions.some(({ rules }) => rules?.[0]?.path === route);
}

/** Behind `subscribe()` of the client; `door` answers the app's present one. */
export async function subscribeTo(
  topic: string,
  handler: EventHandler,
  options: SubscribeOptions,
  { door, window, clock }: { door(): Door | undefined; readonly window: Window; readonly clock: Clock },
): Promise<Subscribed> {
  const opened = door();
  if (opened === undefined) {
    throw new Error("subscribe(): no app is registered in this page; call register({ appId }) first");
  }
  const host = opened.app ?? new AppHost({}, clock, baseOf(window));
  const remove = host.topics.add(topic, handler, options);
  const unsubscribe = async () => {
    remove();
    const now = door();
    await now?.serve(now.app?.renewed());
  };
  await opened.serve(host.renewed());
  if (!(await isSubscribed(opened, TopicHandlers.routeOf(topic, options)))) {
    await unsubscribe();
    throw new Error(
      `subscribe(): the sidecar did not subscribe to topic ${topic}; its console says why (a pub/sub that is not there, a topic that is not allowed)`,
    );
  }
  return { topic, unsubscribe };
}
