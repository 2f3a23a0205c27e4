import type { DBSchema } from "idb";
import type { KeptSubscription, SubscriptionRecords } from "../host/configuration-subscriptions.ts";
import type { Clock, Log } from "../host/platform.ts";
import type { Registration } from "./messages.ts";
import { Database, type Layout } from "./storage/database.ts";

/** One app of the scope, as its pages last registered it. */
export interface KeptApp {
  readonly registration: Registration;
  /** Milliseconds since the epoch; the latest one answers callers that are no registered page. */
  readonly registeredAt: number;
}

/** One page that registered an app, by the browser's id of the client; a page may have several apps. */
export interface KeptClient {
  readonly clientId: string;
  readonly appId: string;
  readonly serving: boolean;
}

/** As whom an app of this origin is known to instances elsewhere, over all lives of the worker. */
export interface KeptIdentity {
  readonly appId: string;
  readonly instance: string;
  readonly secret: string;
}

/** A subscription to configuration of one app. */
type KeptByApp = KeptSubscription & { readonly appId: string };

interface Schema extends DBSchema {
  identities: { key: string; value: KeptIdentity };
  subscriptions: { key: [appId: string, id: string]; value: KeptByApp };
  apps: { key: string; value: KeptApp };
  clients: { key: [clientId: string, appId: string]; value: KeptClient };
}

const layout: Layout<Schema> = {
  version: 3,
  upgrade(database, oldVersion) {
    if (oldVersion < 1) {
      database.createObjectStore("apps", { keyPath: "registration.appId" });
      database.createObjectStore("clients", { keyPath: ["clientId", "appId"] });
    }
    if (oldVersion < 2) database.createObjectStore("subscriptions", { keyPath: ["appId", "id"] });
    database.createObjectStore("identities", { keyPath: "appId" });
  },
};

/** What a worker has to know of its apps and pages after it was stopped: kept in IndexedDB, read once at the start. */
export class Registrations {
  readonly #database: Database<Schema>;

  constructor(name: string, clock: Clock, log: Log) {
    this.#database = new Database({ name, layout, clock, log });
  }

  async load(): Promise<{ readonly apps: readonly KeptApp[]; readonly clients: readonly KeptClient[] }> {
    return await this.#database.transact(["apps", "clients"], "readonly", "relaxed", async (transaction) => {
      const [apps, clients] = await Promise.all([
        transaction.objectStore("apps").getAll(),
        transaction.objectStore("clients").getAll(),
      ]);
      return { apps, clients };
    });
  }

  async keep(app: KeptApp | undefined, client: KeptClient | undefined): Promise<void> {
    await this.#database.transact(["apps", "clients"], "readwrite", "relaxed", async (transaction) => {
      if (app !== undefined) await transaction.objectStore("apps").put(app);
      if (client !== undefined) await transaction.objectStore("clients").put(client);
    });
  }

  /** Of an app that is kept: it becomes no later by it. */
  async renew(registration: Registration): Promise<void> {
    await this.#database.transact(["apps"], "readwrite", "relaxed", async (transaction) => {
      const apps = transaction.objectStore("apps");
      const kept = await apps.get(registration.appId);
      if (kept !== undefined) await apps.put({ ...kept, registration });
    });
  }

  async forgetClients(clients: readonly KeptClient[]): Promise<void> {
    if (clients.length === 0) return;
    await this.#database.transact(["clients"], "readwrite", "relaxed", async (transaction) => {
      const store = transaction.objectStore("clients");
      await Promise.all(clients.map(({ clientId, appId }) => store.delete([clientId, appId])));
    });
  }

  /** Made when it is asked for first. */
  async identityOf(appId: string, uuid: () => string): Promise<KeptIdentity> {
    return await this.#database.transact(["identities"], "readwrite", "relaxed", async (transaction) => {
      const identities = transaction.objectStore("identities");
      const kept = await identities.get(appId);
      if (kept !== undefined) return kept;
      const made = { appId, instance: uuid(), secret: uuid() };
      await identities.put(made);
      return made;
    });
  }

  /** An app's subscriptions to configuration. */
  subscriptionsOf(appId: string): SubscriptionRecords {
    return {
      load: () =>
        this.#database.transact(["subscriptions"], "readonly", "relaxed", (transaction) => {
          const ofApp = IDBKeyRange.bound([appId], [appId, []]);
          return transaction.objectStore("subscriptions").getAll(ofApp);
        }),
      keep: async (subscription) => {
        await this.#database.transact(["subscriptions"], "readwrite", "relaxed", (transaction) =>
          transaction.objectStore("subscriptions").put({ ...subscription, appId }),
        );
      },
      forget: async (id) => {
        await this.#database.transact(["subscriptions"], "readwrite", "relaxed", (transaction) =>
          transaction.objectStore("subscriptions").delete([appId, id]),
        );
      },
    };
  }

  close(): void {
    this.#database.close();
  }
}
