import type { Registration } from "./messages.ts";
import type { KeptApp, KeptClient } from "./registrations.ts";

/** What a worker that just started makes of what the one before it had kept. */
export interface FormerPages {
  /** The app that was registered last comes last. */
  readonly registrations: readonly Registration[];
  /** The app that each page calls as, for pages that still live: of several, the one registered last. */
  readonly apps: ReadonlyMap<string, string>;
  /** The living pages that answered for an app. */
  readonly serving: ReadonlyMap<string, readonly string[]>;
  readonly gone: readonly KeptClient[];
}

/** `present` are the ids of the pages that live. */
export function formerPages(
  kept: { readonly apps: readonly KeptApp[]; readonly clients: readonly KeptClient[] },
  present: ReadonlySet<string>,
): FormerPages {
  const registrations = [...kept.apps]
    .sort((a, b) => a.registeredAt - b.registeredAt)
    .map(({ registration }) => registration);
  const order = new Map(registrations.map(({ appId }, i) => [appId, i]));
  const turn = ({ appId }: KeptClient) => order.get(appId) ?? -1;
  const apps = new Map<string, string>();
  const serving = new Map<string, string[]>();
  const gone: KeptClient[] = [];
  for (const client of [...kept.clients].sort((a, b) => turn(a) - turn(b))) {
    const { clientId, appId } = client;
    if (!present.has(clientId)) gone.push(client);
    else {
      apps.set(clientId, appId);
      if (client.serving) serving.set(appId, [...(serving.get(appId) ?? []), clientId]);
    }
  }
  return { registrations, apps, serving, gone };
}
