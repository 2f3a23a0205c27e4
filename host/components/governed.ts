import type { Operation, Policy } from "../resiliency/policy.ts";
import type { Binding, BindingRequest, OutputBinding } from "./bindings/binding.ts";
import type { Component, Family } from "./component.ts";
import type { ConfigurationStore, ConfigurationSubscription } from "./configuration/configuration-store.ts";
import type { LockStore } from "./lock/lock-store.ts";
import type { PublishRequest, PubSub } from "./pubsub/pubsub.ts";
import type { SecretStore } from "./secretstores/secret-store.ts";
import type { ListingStore, QueryableStore, Store, WriteBatch } from "./state/store.ts";
import { withMethods } from "./with-methods.ts";

/** What a component's calls are governed by. */
export interface Government {
  readonly policy: Policy;
  /** It answers a request by the id of an earlier one as that: then all attempts have one. */
  readonly remembers: boolean;
  newId(): string;
  /** Aborts when the components close: nothing is tried again then that no caller ends. */
  readonly closing: AbortSignal;
}

/**
 * The component with every call that it is given under its outbound policy (dapr-http-api §4.5). What it reads and hands
 * out itself goes by the inbound one, elsewhere.
 */
export function governed<C extends Component>(component: C, family: Family, government: Government): C {
  const methods = methodsOf(component, family, new Calls(government));
  return methods === undefined ? component : withMethods(component, methods as Partial<C>);
}

type Methods = Readonly<Record<string, unknown>>;

/** Calls under one policy. What a component owns once it is given it is given anew at each attempt. */
class Calls {
  constructor(readonly government: Government) {}

  run<T>(attempt: Operation<T>["attempt"], more: Omit<Operation<T>, "attempt"> = {}): Promise<T> {
    const { policy, closing } = this.government;
    return policy.run({ attempt, ...more, signal: more.signal ?? closing });
  }

  bytes(given: Uint8Array): Uint8Array {
    return this.government.policy.repeats ? given.slice() : given;
  }

  /** One for all attempts: what an attempt did whose answer was lost must not be refused, or done twice, by the next. */
  id(given: string | undefined, remembers: boolean): string | undefined {
    const { policy, newId } = this.government;
    return given ?? (remembers && policy.repeats ? newId() : undefined);
  }
}

const stateMethods = (store: Store & Partial<QueryableStore & ListingStore>, calls: Calls): Methods => {
  const query = store.query?.bind(store);
  const list = store.list?.bind(store);
  return {
    get: (...given: Parameters<Store["get"]>) => calls.run(() => store.get(...given)),
    bulkGet: (keys: readonly string[]) => calls.run(() => store.bulkGet(keys)),
    write: (batch: WriteBatch) => {
      const requestId = calls.id(batch.requestId, calls.government.remembers);
      return calls.run(() => {
        const operations = batch.operations.map((operation) =>
          operation.kind === "upsert" ? { ...operation, value: calls.bytes(operation.value) } : operation,
        );
        return store.write({ ...batch, operations, requestId });
      });
    },
    ...(query !== undefined && {
      query: (...given: Parameters<QueryableStore["query"]>) => calls.run(() => query(...given)),
    }),
    ...(list !== undefined && {
      list: (...given: Parameters<ListingStore["list"]>) => calls.run(() => list(...given)),
    }),
  };
};

const pubsubMethods = (pubsub: PubSub, calls: Calls): Methods => ({
  publish: (request: PublishRequest) => {
    const requestId = calls.id(request.requestId, calls.government.remembers);
    return calls.run(() => pubsub.publish({ ...request, data: calls.bytes(request.data), requestId }));
  },
});

const bindingMethods = (binding: Binding, calls: Calls): Methods => {
  if (binding.invoke === undefined) return {};
  const output = binding as OutputBinding;
  return {
    invoke: (request: BindingRequest) =>
      calls.run((signal) => output.invoke({ ...request, data: calls.bytes(request.data), signal }), {
        signal: request.signal,
      }),
  };
};

const secretMethods = (secrets: SecretStore, calls: Calls): Methods => ({
  get: (...given: Parameters<SecretStore["get"]>) => calls.run(() => secrets.get(...given)),
  bulkGet: (...given: Parameters<SecretStore["bulkGet"]>) => calls.run(() => secrets.bulkGet(...given)),
});

const configurationMethods = (store: ConfigurationStore, calls: Calls): Methods => {
  const set = store.set?.bind(store);
  return {
    get: (...given: Parameters<ConfigurationStore["get"]>) => calls.run(() => store.get(...given)),
    subscribe: (...given: Parameters<ConfigurationStore["subscribe"]>) =>
      calls.run(() => store.subscribe(...given), {
        discard: (late: ConfigurationSubscription) => late.close().catch(() => undefined),
      }),
    ...(set !== undefined && {
      set: (...given: Parameters<NonNullable<ConfigurationStore["set"]>>) => calls.run(() => set(...given)),
    }),
  };
};

const lockMethods = (locks: LockStore, calls: Calls): Methods => ({
  tryLock: (request: Parameters<LockStore["tryLock"]>[0]) => {
    const requestId = calls.id(request.requestId, true);
    return calls.run(() => locks.tryLock({ ...request, requestId }));
  },
  unlock: (request: Parameters<LockStore["unlock"]>[0]) => {
    const requestId = calls.id(request.requestId, true);
    return calls.run(() => locks.unlock({ ...request, requestId }));
  },
});

/** Undefined for a family whose components are not called by the API. */
function methodsOf(component: Component, family: Family, calls: Calls): Methods | undefined {
  switch (family) {
    case "state":
      return stateMethods(component as Store, calls);
    case "pubsub":
      return pubsubMethods(component as PubSub, calls);
    case "bindings":
      return bindingMethods(component as Binding, calls);
    case "secretstores":
      return secretMethods(component as SecretStore, calls);
    case "configuration":
      return configurationMethods(component as ConfigurationStore, calls);
    case "lock":
      return lockMethods(component as LockStore, calls);
    default:
      return undefined;
  }
}
