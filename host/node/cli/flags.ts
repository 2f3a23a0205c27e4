/** One switch of `daprlet run` and `daprlet daprd`. */
export interface Flag {
  /** Long names, the modern one first; older names of the same thing follow. */
  readonly names: readonly string[];
  readonly short?: string;
  /** What it takes; absent for a switch without a value. */
  readonly value?: string;
  /** The value where none is given. */
  readonly fallback?: string;
  readonly summary: string;
  /** Accepted, and without effect yet: why. One warning names those that were given. */
  readonly later?: string;
  /** Refused by name: why, and what to do instead. */
  readonly refused?: string;
}

const grpc = "the gRPC API is not served yet";
const control = "there is no control plane yet";
const profile = "use node --inspect or --cpu-prof";
const kubernetes = "daprlet does not run in Kubernetes mode; leave it out";

/** Dapr's switches, daprd's own, and the first ones that the book prints. */
export const flags: readonly Flag[] = [
  { names: ["app-id"], short: "a", value: "id", summary: "the app's id; made up when left out" },
  { names: ["app-port"], short: "p", value: "port", summary: "the port the app listens on" },
  {
    names: ["app-wasm"],
    value: "file",
    summary: "a WebAssembly module of the capability ABI that is the app",
  },
  { names: ["app-protocol", "protocol"], short: "P", value: "protocol", summary: "http or https" },
  { names: ["app-ssl"], summary: "the same as --app-protocol https" },
  { names: ["app-channel-address"], value: "host", summary: "where the app listens (127.0.0.1)" },
  { names: ["dapr-http-port", "port"], short: "H", value: "port", summary: "the sidecar's own port" },
  {
    names: ["app-max-concurrency", "max-concurrency"],
    value: "n",
    summary: "calls of the app under way at a time; 0 or less: no limit",
  },
  {
    names: ["resources-path", "components-path", "component-path"],
    short: "d",
    value: "path",
    summary: "a folder or file with resources (YAML)",
  },
  {
    names: ["components-module"],
    value: "file",
    summary: "a module that exports components of one's own; may be repeated",
  },
  {
    names: ["capabilities-path"],
    value: "folder",
    summary:
      "capability packages, and grants.yaml with what they may do, or a package's URL; may be repeated",
  },
  { names: ["config"], short: "c", value: "file", summary: "a Configuration resource" },
  { names: ["enable-app-health-check"], summary: "probe the app's health" },
  { names: ["app-health-check-path"], value: "/path", summary: "what is probed (/healthz)" },
  { names: ["app-health-probe-interval"], value: "seconds", summary: "time between two probes (5)" },
  { names: ["app-health-probe-timeout"], value: "ms", summary: "how long a probe may take (500)" },
  { names: ["app-health-threshold"], value: "n", summary: "failed probes until the app is unhealthy (3)" },
  { names: ["log-level"], value: "level", summary: "debug, info, warn, error, fatal or panic" },
  { names: ["log-as-json"], summary: "log one JSON object a line" },
  { names: ["log-file"], value: "file", summary: "log into a file" },
  { names: ["enable-api-logging"], summary: "log each call of the API" },
  { names: ["dapr-http-max-request-size"], value: "MB", summary: "largest body (4)" },
  { names: ["max-body-size"], value: "size", summary: "largest body, such as 4Mi" },
  { names: ["dapr-http-read-buffer-size"], value: "KB", summary: "largest header (4)" },
  { names: ["read-buffer-size"], value: "size", summary: "largest header, such as 4Ki" },
  {
    names: ["allowed-origins"],
    value: "origins",
    summary: "origins whose web pages may call, separated by commas; none by default",
  },
  {
    names: ["allowed-hosts"],
    value: "names",
    summary: "names beyond localhost under which the sidecar may be called, separated by commas",
  },
  { names: ["dapr-listen-addresses"], value: "addresses", summary: "where to listen (127.0.0.1,::1)" },
  { names: ["tls-cert-file"], value: "file", summary: "serve the API by HTTPS with this certificate (PEM)" },
  { names: ["tls-key-file"], value: "file", summary: "the certificate's key (PEM)" },
  {
    names: ["allow-cleartext"],
    summary: "listen, and call relays and sidecars, beyond this machine without TLS; do without mTLS",
  },
  { names: ["dapr-public-port"], value: "port", summary: "a second port with health and metadata only" },
  { names: ["enable-metrics"], summary: "serve /metrics for Prometheus (on; --enable-metrics=false)" },
  {
    names: ["metrics-port"],
    short: "M",
    value: "port",
    summary: "where (9090; where it is taken, a free one)",
  },
  { names: ["metrics-listen-address"], value: "address", summary: "where metrics listen (127.0.0.1,::1)" },
  { names: ["dapr-graceful-shutdown-seconds"], value: "seconds", summary: "time to finish on a stop (5)" },
  {
    names: ["dapr-block-shutdown-duration"],
    value: "duration",
    summary: "how long a stop waits before it begins, unless the app is unhealthy (0s)",
  },
  { names: ["dapr-public-listen-address"], value: "address", summary: "where the public port listens" },
  {
    names: ["disable-init-endpoints"],
    value: "names",
    summary: "what the app is not asked at the start: config, subscribe",
  },
  {
    names: ["app-binding-options-timeout"],
    value: "duration",
    summary: "how long the app may take to say whether it wants a binding's events (3s)",
  },
  {
    names: ["hot-reload-reconcile-interval"],
    value: "duration",
    summary: "read resources again so often, though nobody saw them change (0s: never)",
  },
  { names: ["unix-domain-socket"], short: "u", value: "folder", summary: "listen on a socket in it as well" },
  {
    names: ["relay"],
    value: "port|url",
    fallback: "3499",
    summary: "start a relay on a port, or join the one at a URL",
  },
  { names: ["relay-room"], value: "name", summary: "the relay's room to join" },
  { names: ["relay-token"], value: "token", summary: "what the relay asks for" },
  {
    names: ["run-file"],
    short: "f",
    value: "file",
    summary: "the apps of a template: a file, or a folder with dapr.yaml",
  },
  // What `--run-file` starts each app with.
  { names: ["run-template"], value: "file", summary: "" },
  { names: ["strict"], summary: "exactly today's Dapr: none of the older forms" },
  { names: ["mode"], value: "mode", summary: "standalone" },
  { names: ["version"], summary: "print the version, and end" },
  { names: ["build-info"], summary: "print what was built, and end" },
  { names: ["wait"], summary: "wait until a running sidecar is ready, and end" },

  { names: ["dapr-grpc-port", "grpc-port"], short: "G", value: "port", summary: "", later: grpc },
  { names: ["dapr-internal-grpc-port"], short: "I", value: "port", summary: "", later: grpc },
  { names: ["dapr-internal-grpc-listen-address"], value: "address", summary: "", later: grpc },
  { names: ["profile-port"], value: "port", summary: "", later: profile },
  { names: ["profiling-listen-address"], value: "address", summary: "", later: profile },
  { names: ["enable-profiling"], summary: "", later: profile },
  { names: ["placement-host-address"], value: "addresses", summary: "", later: control },
  { names: ["scheduler-host-address"], value: "addresses", summary: "", later: control },
  { names: ["scheduler-job-streams"], value: "n", summary: "", later: control },
  { names: ["actors-service"], value: "address", summary: "", later: control },
  { names: ["reminders-service"], value: "address", summary: "", later: control },
  { names: ["actors-disseminate-timeout"], value: "duration", summary: "", later: control },
  { names: ["sentry-address"], value: "address", summary: "", later: control },
  { names: ["sentry-request-jwt-audiences"], value: "names", summary: "", later: control },
  { names: ["control-plane-address"], value: "address", summary: "", later: control },
  { names: ["control-plane-namespace"], value: "namespace", summary: "", later: control },
  { names: ["control-plane-trust-domain"], value: "domain", summary: "", later: control },
  { names: ["trust-anchors-file"], value: "file", summary: "", later: control },
  { names: ["trust-anchors"], value: "pem", summary: "", later: control },
  {
    names: ["enable-mtls"],
    summary: "",
    refused:
      "sidecars have no certificates of their own yet; leave it out, and beyond this machine use wss:// relays",
  },
  {
    names: ["disable-builtin-k8s-secret-store"],
    summary: "",
    later: "there is none outside of Kubernetes",
  },
  { names: ["runtime-path"], value: "path", summary: "", later: "the runtime is in this package" },
  { names: ["image"], value: "image", summary: "", later: "the runtime is in this package" },
  { names: ["kubeconfig"], value: "file", summary: "", refused: kubernetes },
  { names: ["kubernetes"], short: "k", summary: "", refused: kubernetes },
];
