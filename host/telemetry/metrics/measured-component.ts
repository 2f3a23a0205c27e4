import type { Binding, OutputBinding } from "../../components/bindings/binding.ts";
import type { ConfigurationStore } from "../../components/configuration/configuration-store.ts";
import type { PubSub } from "../../components/pubsub/pubsub.ts";
import type { SecretStore } from "../../components/secretstores/secret-store.ts";
import type {
  Answer,
  QueryableStore,
  Store,
  WriteBatch,
  WriteOutcome,
} from "../../components/state/store.ts";
import { withMethods } from "../../components/with-methods.ts";
import type { Meter, Series } from "./meter.ts";
import type { MeterSet } from "./meter-set.ts";

/** Where a call of something is counted: by whether it succeeded. */
type Outcomes = (success: boolean) => Series;
type Now = () => number;

/** Counts a call when it has ended, and hands on what it answers or throws. */
function timed<T>(
  now: Now,
  outcomes: Outcomes,
  call: () => Answer<T>,
  succeeded?: (answer: T) => boolean,
): Answer<T> {
  const began = now();
  const end = (success: boolean) => outcomes(success).add(Math.max(0, now() - began));
  const answered = (answer: T) => {
    end(succeeded === undefined || succeeded(answer));
    return answer;
  };
  const failed = (error: unknown): never => {
    end(false);
    throw error;
  };
  let answer: Answer<T>;
  try {
    answer = call();
  } catch (error) {
    return failed(error);
  }
  return answer instanceof Promise ? answer.then(answered, failed) : answered(answer);
}

/** The series of `component, operation, success`, looked for once. */
function perOperation(meter: Meter, name: string): (operation: string) => Outcomes {
  const known = new Map<string, Outcomes>();
  return (operation) => {
    let outcomes = known.get(operation);
    if (outcomes === undefined) {
      let succeeded: Series | undefined;
      let failed: Series | undefined;
      outcomes = (success) => {
        if (success) {
          succeeded ??= meter.series(name, operation, "true");
          return succeeded;
        }
        failed ??= meter.series(name, operation, "false");
        return failed;
      };
      known.set(operation, outcomes);
    }
    return outcomes;
  };
}

function writing({ atomic, operations }: WriteBatch): string {
  if (atomic) return "transaction";
  return operations.every(({ kind }) => kind === "delete") ? "delete" : "set";
}

const applied = (outcome: WriteOutcome) => outcome.every((failure) => failure === undefined);

export function measuredStore(store: Store, name: string, { state }: MeterSet, now: Now): Store {
  const of = perOperation(state, name);
  return withMethods<QueryableStore>(store as QueryableStore, {
    get: (key, consistency) => timed(now, of("get"), () => store.get(key, consistency)),
    bulkGet: (keys) => timed(now, of("bulk_get"), () => store.bulkGet(keys)),
    write: (batch) => timed(now, of(writing(batch)), () => store.write(batch), applied),
    query: (query) => timed(now, of("query"), () => (store as QueryableStore).query(query)),
  });
}

export function measuredPubSub(pubsub: PubSub, name: string, { egress }: MeterSet, now: Now): PubSub {
  return withMethods(pubsub, {
    async publish(request) {
      if (request.together) return await pubsub.publish(request);
      const outcomes: Outcomes = (success) => egress.series(name, request.topic, success ? "true" : "false");
      await timed(now, outcomes, () => pubsub.publish(request));
    },
  });
}

export function measuredBinding(
  binding: Binding,
  name: string,
  { inputBinding, outputBinding }: MeterSet,
  now: Now,
): Binding {
  const of = perOperation(outputBinding, name);
  const delivered: Outcomes = (success) => inputBinding.series(name, success ? "true" : "false");
  const { invoke, read } = binding;
  return withMethods(binding, {
    ...(invoke !== undefined && {
      invoke: async (request: Parameters<OutputBinding["invoke"]>[0]) =>
        await timed(now, of(request.operation), () => invoke.call(binding, request)),
    }),
    ...(read !== undefined && {
      read: (handler) =>
        read.call(binding, async (event) => await timed(now, delivered, () => handler(event))),
    }),
  });
}

export function measuredSecretStore(
  store: SecretStore,
  name: string,
  { secret }: MeterSet,
  now: Now,
): SecretStore {
  const of = perOperation(secret, name);
  return withMethods(store, {
    get: async (key, metadata) => await timed(now, of("get"), () => store.get(key, metadata)),
    bulkGet: async (metadata) => await timed(now, of("bulk_get"), () => store.bulkGet(metadata)),
  });
}

export function measuredConfigurationStore(
  store: ConfigurationStore,
  name: string,
  { configuration }: MeterSet,
  now: Now,
): ConfigurationStore {
  const of = perOperation(configuration, name);
  return withMethods(store, {
    get: async (keys, metadata) => await timed(now, of("get"), () => store.get(keys, metadata)),
    subscribe: async (...given) => await timed(now, of("subscribe"), () => store.subscribe(...given)),
  });
}
