import type { Code } from "./component-error.ts";

/**
 * Every error the API can answer: one row each. `{x}` in a message is a parameter. A row with a `reason` has Dapr's
 * rich body (`details` with google.rpc.ErrorInfo, and ResourceInfo where a resource type is named); one without has
 * the legacy body of code and message.
 */
export interface ErrorRow {
  readonly status: number;
  readonly grpc: Code;
  readonly message: string;
  readonly reason?: string;
  /** `resource_type` of google.rpc.ResourceInfo; its name is the parameter `name`. */
  readonly resource?: "state" | "pubsub" | "pubsub-topic";
  /** The link of google.rpc.Help. */
  readonly help?: { readonly url: string; readonly description: string };
}

export const catalogue = {
  ERR_MALFORMED_REQUEST: {
    status: 400,
    grpc: "INVALID_ARGUMENT",
    message: "failed deserializing HTTP body: {cause}",
  },
  ERR_BAD_REQUEST: { status: 400, grpc: "INVALID_ARGUMENT", message: "invalid request: {cause}" },
  ERR_BODY_READ: { status: 400, grpc: "INVALID_ARGUMENT", message: "failed to read request body: {cause}" },
  ERR_MALFORMED_REQUEST_DATA: {
    status: 500,
    grpc: "INTERNAL",
    message: "can't serialize request data field: {cause}",
  },
  ERR_APP_CHANNEL_NIL: {
    status: 500,
    grpc: "INTERNAL",
    message: "app channel is not initialized. cannot subscribe to configuration updates",
  },
  ERR_API_UNIMPLEMENTED: {
    status: 501,
    grpc: "UNIMPLEMENTED",
    message: "the {block} API of Dapr is not supported yet by daprlet; see the table in its README",
  },
  ERR_RELAY_UNSERVED: {
    status: 501,
    grpc: "UNIMPLEMENTED",
    message: "a relay serves publish, invoke and calls of actors; call the {block} API at a sidecar",
  },
  ERR_GATEWAY_UNSERVED: {
    status: 501,
    grpc: "UNIMPLEMENTED",
    message: "this gateway does not serve that part of Dapr's API; call it at a sidecar",
  },
  ERR_ACTOR_INVOKE_METHOD: {
    status: 500,
    grpc: "INTERNAL",
    message: "error invoke actor method: {cause}",
  },
  ERR_ACTOR_STACK_DEPTH: {
    status: 500,
    grpc: "RESOURCE_EXHAUSTED",
    message: "maximum stack depth exceeded",
  },
  ERR_ACTOR_RUNTIME_NOT_FOUND: {
    status: 500,
    grpc: "INTERNAL",
    message:
      'the state store is not configured to use the actor runtime. Have you set the metadata actorStateStore: "true" of a state store component?',
  },
  ERR_ACTOR_TYPE_RESERVED: {
    status: 403,
    grpc: "PERMISSION_DENIED",
    message:
      "actor type {type} is reserved for Dapr's workflow engine, and has no state, timers or reminders of others",
  },
  ERR_ACTOR_INSTANCE_MISSING: {
    status: 400,
    grpc: "INTERNAL",
    message: "actor instance is missing",
  },
  ERR_ACTOR_STATE_GET: { status: 500, grpc: "INTERNAL", message: "error getting actor state: {cause}" },
  ERR_ACTOR_STATE_TRANSACTION_SAVE: {
    status: 500,
    grpc: "INTERNAL",
    message: "error saving actor transaction state: {cause}",
  },
  ERR_ACTOR_REMINDER_NON_HOSTED: {
    status: 403,
    grpc: "PERMISSION_DENIED",
    message: "operations on actor reminders are only possible on hosted actor types",
  },
  ERR_ACTOR_REMINDER_CREATE: {
    status: 500,
    grpc: "INTERNAL",
    message: "error creating actor reminder: {cause}",
  },
  ERR_ACTOR_REMINDER_ALREADY_EXISTS: {
    status: 409,
    grpc: "ALREADY_EXISTS",
    message: "actor reminder already exists: {name}",
  },
  ERR_ACTOR_REMINDER_GET: {
    status: 500,
    grpc: "INTERNAL",
    message: "error getting actor reminder: {cause}",
  },
  ERR_ACTOR_REMINDER_NOT_FOUND: {
    status: 404,
    grpc: "NOT_FOUND",
    message: "actor reminder not found: {name}",
  },
  ERR_ACTOR_REMINDER_DELETE: {
    status: 500,
    grpc: "INTERNAL",
    message: "error deleting actor reminder: {cause}",
  },
  ERR_ACTOR_TIMER_CREATE: {
    status: 500,
    grpc: "INTERNAL",
    message: "error creating actor timer: {cause}",
  },
  ERR_INTERNAL: { status: 500, grpc: "INTERNAL", message: "internal error: {cause}" },
  ERR_RUNTIME_UNAVAILABLE: {
    status: 503,
    grpc: "UNAVAILABLE",
    message: "the sidecar cannot answer: {cause}",
  },
  ERR_MIDDLEWARE_UNAVAILABLE: {
    status: 503,
    grpc: "UNAVAILABLE",
    message: "middleware {name} of the {pipeline} is not open; see the sidecar's log",
  },
  ERR_FORBIDDEN_HOST: { status: 403, grpc: "PERMISSION_DENIED", message: "request refused: {cause}" },

  ERR_STATE_STORE_NOT_CONFIGURED: {
    status: 500,
    grpc: "FAILED_PRECONDITION",
    message: "state store {name} is not configured",
    reason: "DAPR_STATE_NOT_CONFIGURED",
  },
  ERR_STATE_STORE_NOT_FOUND: {
    status: 400,
    grpc: "INVALID_ARGUMENT",
    message: "state store {name} is not found",
    reason: "DAPR_STATE_NOT_FOUND",
  },
  ERR_STATE_ILLEGAL_KEY: {
    status: 400,
    grpc: "INVALID_ARGUMENT",
    message: "api error: code = InvalidArgument desc = input key/keyPrefix '{key}' can't contain '||'",
    reason: "DAPR_STATE_ILLEGAL_KEY",
    resource: "state",
  },
  ERR_STATE_STORE_NOT_SUPPORTED: {
    status: 500,
    grpc: "UNIMPLEMENTED",
    message: "state store {name} doesn't support transactions",
    reason: "DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED",
    resource: "state",
    help: {
      url: "https://docs.dapr.io/reference/components-reference/supported-state-stores/",
      description: "Check the list of state stores and the features they support",
    },
  },
  ERR_STATE_QUERY_NOT_SUPPORTED: {
    status: 500,
    grpc: "INTERNAL",
    message: "state store does not support querying",
    reason: "DAPR_STATE_QUERYING_NOT_SUPPORTED",
    resource: "state",
  },
  ERR_STATE_STORE_TOO_MANY_TRANSACTIONS: {
    status: 400,
    grpc: "INVALID_ARGUMENT",
    message:
      "the transaction contains {currentOpsTransaction} operations, which is more than what the state store supports: {maxOpsPerTransaction}",
    reason: "DAPR_STATE_TOO_MANY_TRANSACTIONS",
    resource: "state",
  },
  ERR_STATE_GET: {
    status: 500,
    grpc: "INTERNAL",
    message: "fail to get {key} from state store {name}: {cause}",
  },
  ERR_STATE_SAVE: {
    status: 500,
    grpc: "INTERNAL",
    message: "failed saving state in state store {name}: {cause}",
  },
  ERR_STATE_DELETE: {
    status: 500,
    grpc: "INTERNAL",
    message: "failed deleting state with key {key}: {cause}",
  },
  ERR_STATE_BULK_GET: { status: 500, grpc: "INTERNAL", message: "failed to get state in bulk: {cause}" },
  ERR_STATE_TRANSACTION: {
    status: 500,
    grpc: "INTERNAL",
    message: "error while executing state transaction: {cause}",
  },
  ERR_NOT_SUPPORTED_STATE_OPERATION: {
    status: 400,
    grpc: "INVALID_ARGUMENT",
    message: "operation type {operation} not supported",
  },
  ERR_STATE_QUERY: {
    status: 500,
    grpc: "INTERNAL",
    message: "state store {name} query failed: {cause}",
    reason: "DAPR_STATE_QUERY_FAILED",
    resource: "state",
  },

  ERR_PUBSUB_NOT_CONFIGURED: {
    status: 400,
    grpc: "FAILED_PRECONDITION",
    message: "pubsub {name} is not configured",
    reason: "DAPR_PUBSUB_NOT_CONFIGURED",
    resource: "pubsub",
  },
  ERR_PUBSUB_NOT_FOUND: {
    status: 404,
    grpc: "NOT_FOUND",
    message: "pubsub {name} is not found",
    reason: "DAPR_PUBSUB_NOT_FOUND",
  },
  ERR_PUBSUB_EMPTY: {
    status: 404,
    grpc: "INVALID_ARGUMENT",
    message: "pubsub name is empty",
    reason: "DAPR_PUBSUB_NAME_EMPTY",
    resource: "pubsub",
  },
  ERR_TOPIC_NAME_EMPTY: {
    status: 404,
    grpc: "INVALID_ARGUMENT",
    message: "topic is empty in pubsub {name}",
    reason: "DAPR_PUBSUB_TOPIC_NAME_EMPTY",
    resource: "pubsub",
  },
  ERR_PUBSUB_REQUEST_METADATA: {
    status: 400,
    grpc: "INVALID_ARGUMENT",
    message: "failed deserializing metadata. Error: {cause}",
    reason: "DAPR_PUBSUB_METADATA_DESERIALIZATION",
    resource: "pubsub",
  },
  ERR_PUBSUB_CLOUD_EVENTS_SER: {
    status: 500,
    grpc: "INVALID_ARGUMENT",
    message: "cannot create cloudevent: {cause}",
    reason: "DAPR_PUBSUB_CLOUD_EVENT_CREATION",
    resource: "pubsub",
  },
  ERR_PUBSUB_EVENTS_SER: {
    status: 400,
    grpc: "INVALID_ARGUMENT",
    message: "error when marshalling events for topic {topic} in pubsub {name}: {cause}",
    reason: "DAPR_PUBSUB_MARSHAL_ENVELOPE",
    resource: "pubsub",
  },
  ERR_PUBSUB_FORBIDDEN: {
    status: 403,
    grpc: "PERMISSION_DENIED",
    message: "topic {topic} is not allowed for app id {appId}",
    reason: "DAPR_PUBSUB_FORBIDDEN",
    resource: "pubsub",
  },
  ERR_PUBSUB_PUBLISH_MESSAGE: {
    status: 500,
    grpc: "INTERNAL",
    message: "error when publishing to topic {topic} in pubsub {name}: {cause}",
    reason: "DAPR_PUBSUB_PUBLISH_MESSAGE",
    resource: "pubsub",
  },
  /** Of daprlet's streams of events. */
  ERR_PUBSUB_SUBSCRIBE: {
    status: 500,
    grpc: "INTERNAL",
    message: "error when subscribing to topic {topic} in pubsub {name}: {cause}",
    reason: "DAPR_PUBSUB_SUBSCRIBE",
    resource: "pubsub",
  },
  ERR_PUBSUB_STREAM_NOT_FOUND: {
    status: 404,
    grpc: "NOT_FOUND",
    message: "pubsub {name} has no such stream of events: it has ended; open another one",
  },
  ERR_PUBSUB_EVENT_NOT_FOUND: {
    status: 404,
    grpc: "NOT_FOUND",
    message:
      "{count} of the verdicts count for nothing: no such event of pubsub {name} waits for one; it has one, or was out of time, or its stream ended, and comes again then",
  },
  ERR_PUBLISH_OUTBOX: {
    status: 500,
    grpc: "INTERNAL",
    message: "error while publishing outbox message: {cause}",
    reason: "DAPR_PUBSUB_OUTBOX",
  },

  ERR_INVOKE_OUTPUT_BINDING: {
    status: 500,
    grpc: "INTERNAL",
    message: "error invoking output binding {name}: {cause}",
  },

  ERR_SECRET_STORES_NOT_CONFIGURED: {
    status: 500,
    grpc: "FAILED_PRECONDITION",
    message: "secret store is not configured",
  },
  ERR_SECRET_STORE_NOT_FOUND: {
    status: 401,
    grpc: "INVALID_ARGUMENT",
    message: "failed finding secret store with key {name}",
  },
  ERR_PERMISSION_DENIED: {
    status: 403,
    grpc: "PERMISSION_DENIED",
    message: 'access denied by policy to get "{key}" from "{name}"',
  },
  ERR_SECRET_GET: {
    status: 500,
    grpc: "INTERNAL",
    message: "failed getting secret with key {key} from secret store {name}: {cause}",
  },

  ERR_CONFIGURATION_STORE_NOT_CONFIGURED: {
    status: 500,
    grpc: "FAILED_PRECONDITION",
    message: "configuration stores not configured",
  },
  ERR_CONFIGURATION_STORE_NOT_FOUND: {
    status: 400,
    grpc: "INVALID_ARGUMENT",
    message: "configuration store {name} not found",
  },
  ERR_CONFIGURATION_GET: {
    status: 500,
    grpc: "INTERNAL",
    message: "failed to get {keys} from Configuration store {name}: {cause}",
  },
  ERR_CONFIGURATION_SUBSCRIBE: {
    status: 500,
    grpc: "INTERNAL",
    message: "failed to subscribe {keys} from Configuration store {name}: {cause}",
  },

  /** Of daprlet's own way to change settings. */
  ERR_CONFIGURATION_SET: {
    status: 500,
    grpc: "INTERNAL",
    message: "failed to change the settings of configuration store {name}: {cause}",
  },

  ERR_LOCK_STORE_NOT_CONFIGURED: {
    status: 500,
    grpc: "FAILED_PRECONDITION",
    message: "lock store is not configured",
  },
  ERR_LOCK_STORE_NOT_FOUND: { status: 400, grpc: "INVALID_ARGUMENT", message: "lock store {name} not found" },
  ERR_TRY_LOCK: { status: 500, grpc: "INTERNAL", message: "failed to try acquiring lock: {cause}" },
  ERR_UNLOCK: { status: 500, grpc: "INTERNAL", message: "failed to release lock: {cause}" },

  /** Of daprlet's capability packages. */
  ERR_CAPABILITIES_NOT_CONFIGURED: {
    status: 501,
    grpc: "UNIMPLEMENTED",
    message:
      "no capability packages are loaded: give the sidecar a folder of them, or the site's own worker their addresses; where there is no worker, give register() them as capabilities",
  },
  ERR_CAPABILITY_NOT_FOUND: { status: 404, grpc: "NOT_FOUND", message: "there is no capability {name}" },
  ERR_FUNCTION_NOT_FOUND: { status: 404, grpc: "NOT_FOUND", message: "there is no function {name}" },
  ERR_CAPABILITY_NO_OPERATION: {
    status: 404,
    grpc: "NOT_FOUND",
    message: "no capability offers {method} /{path}",
  },
  ERR_CAPABILITY_REFUSED: {
    status: 500,
    grpc: "FAILED_PRECONDITION",
    message: "capability {name} was not let in: {cause}",
  },
  ERR_CAPABILITY_REQUEST: {
    status: 400,
    grpc: "INVALID_ARGUMENT",
    message: "invalid request of a capability: {cause}",
  },
  ERR_CAPABILITY_FAULT: { status: 502, grpc: "INTERNAL", message: "capability {name} failed: {cause}" },
  ERR_CAPABILITY_DEADLINE: {
    status: 504,
    grpc: "DEADLINE_EXCEEDED",
    message: "capability {name} was ended: {cause}",
  },
  ERR_CAPABILITY_UNAVAILABLE: {
    status: 503,
    grpc: "UNAVAILABLE",
    message: "capability {name} cannot answer: {cause}",
  },

  ERR_DIRECT_INVOKE: { status: 500, grpc: "INTERNAL", message: "failed to invoke, id: {id}, err: {cause}" },

  ERR_HEALTH_NOT_READY: { status: 500, grpc: "INTERNAL", message: "dapr is not ready: {targets}" },
  ERR_HEALTH_APPID_NOT_MATCH: { status: 500, grpc: "INTERNAL", message: "dapr app-id does not match" },
  ERR_OUTBOUND_HEALTH_NOT_READY: {
    status: 500,
    grpc: "INTERNAL",
    message: "dapr outbound is not ready: {targets}",
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof catalogue;
