/** One of Dapr's metrics, without the prefix of its name. */
export interface MetricRow {
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
}

/** Metrics that are counted together, under the same labels. `app_id` stands before the labels of every one. */
export interface MeterRow {
  readonly labels: readonly string[];
  /** Whether `namespace` is told as well. */
  readonly namespaced?: true;
  /** What their numbers are: `count` alone, or also milliseconds or bytes. */
  readonly unit: "count" | "ms" | "bytes";
  readonly metrics: readonly MetricRow[];
}

const counter = (name: string, help: string): MetricRow => ({ name, kind: "counter", help });
const gauge = (name: string, help: string): MetricRow => ({ name, kind: "gauge", help });
const histogram = (name: string, help: string): MetricRow => ({ name, kind: "histogram", help });

const ofActors = ["actor_type"] as const;
const ofHttp = ["method", "path", "status"] as const;

/** Calls of a component, as `<name>_count` and `<name>_latencies`. */
function calls(name: string, labels: readonly string[], what: string): MeterRow {
  return {
    labels: ["component", ...labels],
    namespaced: true,
    unit: "ms",
    metrics: [
      counter(`component_${name}_count`, `How many ${what}.`),
      histogram(`component_${name}_latencies`, `Milliseconds of ${what}.`),
    ],
  };
}

function counted(name: string, labels: readonly string[], help: string): MeterRow {
  return { labels, unit: "count", metrics: [counter(name, help)] };
}

function ofPolicies(metric: MetricRow): MeterRow {
  const labels = ["name", "policy", "flow_direction", "target", "status"];
  return { labels, namespaced: true, unit: "count", metrics: [metric] };
}

function sizes(name: string, labels: readonly string[], help: string): MeterRow {
  return { labels, unit: "bytes", metrics: [histogram(name, help)] };
}

/** What is measured: Dapr's names and labels (dapr-http-api §4.4). */
export const metricTable = {
  httpServer: {
    labels: ofHttp,
    unit: "ms",
    metrics: [
      counter("http_server_request_count", "Requests of the API."),
      counter("http_server_response_count", "Answers of the API."),
      histogram("http_server_latency", "Milliseconds from a request of the API to the end of its answer."),
    ],
  },
  httpServerRequestBytes: sizes("http_server_request_bytes", [], "Bytes of requests of known length."),
  httpServerResponseBytes: sizes("http_server_response_bytes", [], "Bytes of answers."),
  httpClient: {
    labels: ofHttp,
    unit: "ms",
    metrics: [
      counter("http_client_completed_count", "Calls of the app that ended."),
      histogram(
        "http_client_roundtrip_latency",
        "Milliseconds of a call of the app, to the end of its answer.",
      ),
    ],
  },
  httpClientSentBytes: sizes("http_client_sent_bytes", ofHttp, "Bytes sent to the app, of known length."),
  httpClientReceivedBytes: sizes("http_client_received_bytes", [], "Bytes of the app's answers."),
  healthProbes: {
    labels: ["status"],
    unit: "ms",
    metrics: [
      counter("http_healthprobes_completed_count", "Health probes of the app that ended."),
      histogram("http_healthprobes_roundtrip_latency", "Milliseconds of a health probe of the app."),
    ],
  },
  state: calls("state", ["operation", "success"], "calls of a state store"),
  secret: calls("secret", ["operation", "success"], "calls of a secret store"),
  configuration: calls("configuration", ["operation", "success"], "calls of a configuration store"),
  outputBinding: calls("output_binding", ["operation", "success"], "calls of an output binding"),
  inputBinding: calls("input_binding", ["success"], "events of an input binding that the app was given"),
  egress: calls("pubsub_egress", ["topic", "success"], "events published, one by one"),
  egressBulk: calls("pubsub_egress_bulk", ["topic", "success"], "publications of many events"),
  egressBulkEvents: {
    ...counted(
      "component_pubsub_egress_bulk_event_count",
      ["component", "topic", "success"],
      "Events published many at a time.",
    ),
    namespaced: true,
  },
  ingress: {
    labels: ["component", "topic", "process_status", "status"],
    namespaced: true,
    unit: "ms",
    metrics: [
      counter("component_pubsub_ingress_count", "Events of a topic, by what became of them."),
      histogram("component_pubsub_ingress_latencies", "Milliseconds until the app had dealt with an event."),
    ],
  },
  ingressBulk: calls("pubsub_ingress_bulk", ["topic", "process_status"], "deliveries of many events"),
  ingressBulkEvents: {
    ...counted(
      "component_pubsub_ingress_bulk_event_count",
      ["component", "topic", "process_status"],
      "Events delivered many at a time, by what became of them.",
    ),
    namespaced: true,
  },
  policiesLoaded: {
    ...counted("resiliency_loaded", ["name"], "Resiliency resources in use."),
    namespaced: true,
  },
  policies: ofPolicies(counter("resiliency_count", "Operations that a policy of a Resiliency held for.")),
  policiesActivated: ofPolicies(
    counter(
      "resiliency_activations_total",
      "Operations that a policy of a Resiliency changed, and changes of circuit breakers.",
    ),
  ),
  breakerStates: ofPolicies(
    gauge(
      "resiliency_cb_state",
      "1 for the state that a circuit breaker was last found in, 0 for the others.",
    ),
  ),
  errorCodes: counted("error_code_total", ["category", "error_code"], "Errors that the API answered."),
  componentsLoaded: counted("runtime_component_loaded", [], "Components that were opened."),
  componentsOpened: counted(
    "runtime_component_init_total",
    ["component"],
    "Components that were opened, by type.",
  ),
  componentsFailed: counted(
    "runtime_component_init_fail_total",
    ["component", "componentName", "reason"],
    "Components that could not be opened.",
  ),
  requestsSent: counted(
    "runtime_service_invocation_req_sent_total",
    ["dst_app_id", "type"],
    "Invocations sent to other apps.",
  ),
  requestsReceived: counted(
    "runtime_service_invocation_req_recv_total",
    ["src_app_id"],
    "Invocations received from other apps.",
  ),
  responsesSent: counted(
    "runtime_service_invocation_res_sent_total",
    ["dst_app_id", "status"],
    "Answers sent to other apps.",
  ),
  responsesReceived: counted(
    "runtime_service_invocation_res_recv_total",
    ["src_app_id", "status", "type"],
    "Answers received from other apps.",
  ),
  actorsPending: {
    labels: ofActors,
    unit: "count",
    metrics: [gauge("runtime_actor_pending_actor_calls", "Calls of actors that wait for their turn.")],
  },
  actorTimers: {
    labels: ofActors,
    unit: "count",
    metrics: [gauge("runtime_actor_timers", "Timers of actors that are active here.")],
  },
  actorTimersFired: counted(
    "runtime_actor_timers_fired_total",
    ["actor_type", "success"],
    "Timers that actors were called about.",
  ),
  actorRemindersFired: counted(
    "runtime_actor_reminders_fired_total",
    ["actor_type", "success"],
    "Reminders that actors were called about, each attempt.",
  ),
  actorsRebalanced: counted(
    "runtime_actor_rebalanced_total",
    ofActors,
    "Active actors that a change of owners took.",
  ),
  actorsDeactivated: counted(
    "runtime_actor_deactivated_total",
    ofActors,
    "Actors that the app was told to deactivate.",
  ),
  actorsNotDeactivated: counted(
    "runtime_actor_deactivated_failed_total",
    ofActors,
    "Actors that the app did not deactivate when it was told to.",
  ),
  capabilityCalls: {
    labels: ["capability", "result"],
    namespaced: true,
    unit: "ms",
    metrics: [
      counter("capability_call_count", "Calls of a capability package, by what became of them."),
      histogram("capability_call_latencies", "Milliseconds of a call of a capability package."),
    ],
  },
  capabilityHostCalls: {
    ...counted(
      "capability_host_call_count",
      ["capability", "call", "result"],
      "What capability packages asked of their host, by what became of it.",
    ),
    namespaced: true,
  },
  capabilityFallbacks: {
    ...counted(
      "capability_fallback_count",
      ["capability"],
      "Calls that went on to the next source of a capability's offer.",
    ),
    namespaced: true,
  },
  capabilityInstances: {
    labels: ["capability", "state"],
    namespaced: true,
    unit: "count",
    metrics: [gauge("capability_instances", "Instances of capability packages that are there.")],
  },
  responseLatency: {
    labels: ["src_app_id", "status"],
    unit: "ms",
    metrics: [
      histogram("runtime_service_invocation_res_recv_latency_ms", "Milliseconds until another app answered."),
    ],
  },
} as const satisfies Readonly<Record<string, MeterRow>>;

export type MeterName = keyof typeof metricTable;
