import { fields, type Shape } from "../../resources/known-fields.ts";

/** One field of a template that is a switch of `daprlet run`. */
export interface TemplateField {
  readonly name: string;
  readonly flag: string;
  /** May stand in `common`, too. */
  readonly shared?: true;
}

const own = (name: string, flag: string): TemplateField => ({ name, flag });
const shared = (name: string, flag: string): TemplateField => ({ name, flag, shared: true });

export const templateFields: readonly TemplateField[] = [
  own("appID", "app-id"),
  own("appPort", "app-port"),
  own("appChannelAddress", "app-channel-address"),
  own("daprHTTPPort", "dapr-http-port"),
  own("daprGRPCPort", "dapr-grpc-port"),
  own("daprInternalGRPCPort", "dapr-internal-grpc-port"),
  own("metricsPort", "metrics-port"),
  own("profilePort", "profile-port"),
  own("unixDomainSocket", "unix-domain-socket"),
  shared("appProtocol", "app-protocol"),
  shared("appSSL", "app-ssl"),
  shared("appMaxConcurrency", "app-max-concurrency"),
  shared("apiListenAddresses", "dapr-listen-addresses"),
  shared("logLevel", "log-level"),
  shared("enableApiLogging", "enable-api-logging"),
  shared("enableProfiling", "enable-profiling"),
  shared("enableAppHealthCheck", "enable-app-health-check"),
  shared("appHealthCheckPath", "app-health-check-path"),
  shared("appHealthProbeInterval", "app-health-probe-interval"),
  shared("appHealthProbeTimeout", "app-health-probe-timeout"),
  shared("appHealthThreshold", "app-health-threshold"),
  shared("maxBodySize", "max-body-size"),
  shared("readBufferSize", "read-buffer-size"),
  shared("daprHTTPMaxRequestSize", "dapr-http-max-request-size"),
  shared("daprHTTPReadBufferSize", "dapr-http-read-buffer-size"),
  shared("placementHostAddress", "placement-host-address"),
  shared("schedulerHostAddress", "scheduler-host-address"),
  shared("runtimePath", "runtime-path"),
];

/** Of the template itself: read by name, not handed on as they are. */
const common = "env resourcesPath resourcesPaths configFilePath appLogDestination daprdLogDestination";
/** For Kubernetes. */
const containers = "containerImage containerImagePullPolicy createService";

const names = (chosen: readonly TemplateField[]) => chosen.map(({ name }) => name).join(" ");

/** What a template may say. */
export const templateShape: Shape = fields("version name", {
  common: fields(`${common} ${names(templateFields.filter(({ shared: yes }) => yes))}`),
  apps: fields(`appDirPath command ${containers} ${common} ${names(templateFields)}`),
});
