import { describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { otelEnvironment } from "../../host/node/otel-environment.ts";
import { parseResources } from "../../host/resources/parse-resources.ts";
import { joinResources } from "../../host/resources/resources.ts";

const head = `apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: { name: c }
spec:
  tracing:
`;
const read = (section: string) => parseResources(`${head}${section}`, "c.yaml", yaml);
const tracing = (section: string) => read(section).configuration.tracing;

describe("the tracing section of a Configuration", () => {
  it.each([
    ['    samplingRate: "0.5"', { samplingRate: 0.5 }],
    ["    samplingRate: 1", { samplingRate: 1 }],
    ['    samplingRate: "0"\n    stdout: true', { samplingRate: 0, stdout: true }],
    ['    samplingRate: ""', {}],
    ["    zipkin: { endpointAddress: http://z/api }", { zipkin: { endpointAddress: "http://z/api" } }],
    ["    otel: { endpointAddress: 'c:4318' }", { otel: { endpointAddress: "https://c:4318" } }],
    [
      "    otel: { endpointAddress: 'c:4318', isSecure: false, protocol: http, timeout: 5s, headers: 'a=b' }",
      { otel: { endpointAddress: "http://c:4318", protocol: "http", timeout: "5s", headers: "a=b" } },
    ],
    [
      "    otel: { endpointAddress: 'c:4317', protocol: grpc }",
      { otel: { endpointAddress: "https://c:4317", protocol: "grpc" } },
    ],
    ["    otel: { headers: { a: 'b c' } }", { otel: { headers: "a=b%20c" } }],
    ["    otel: { headers: [a=b, { name: c, value: 'd,e' }] }", { otel: { headers: "a=b,c=d%2Ce" } }],
  ])("%s", (section, expected) => {
    expect(tracing(section)).toEqual(expected);
  });

  it.each([
    [
      "    samplingRate: abc",
      /c\.yaml, document 1, line 6: spec\.tracing\.samplingRate must be text from "0"/,
    ],
    ['    samplingRate: "1.5"', /line 6: spec\.tracing\.samplingRate must be/],
    ['    samplingRate: "-1"', /spec\.tracing\.samplingRate must be/],
    ["    samplingRate: [1]", /spec\.tracing\.samplingRate must be/],
    ["    stdout: 'yes'", /spec\.tracing\.stdout must be true or false/],
    ["    zipkin: here", /spec\.tracing\.zipkin must be a mapping/],
    ["    zipkin: { endpointAddress: 1 }", /spec\.tracing\.zipkin\.endpointAddress must be text/],
    ["    otel: { protocol: thrift }", /spec\.tracing\.otel\.protocol must be grpc or http/],
    ["    otel: { isSecure: 1 }", /spec\.tracing\.otel\.isSecure must be true or false/],
    ["    otel: { headers: 1 }", /spec\.tracing\.otel\.headers must be a list/],
    ["    otel: { headers: [1] }", /spec\.tracing\.otel\.headers\.0 must be a mapping/],
    ["    - 1", /spec\.tracing must be a mapping/],
  ])("refuses %s", (section, message) => {
    expect(() => read(section)).toThrow(message);
  });

  it("is merged member by member", () => {
    const low = read('    samplingRate: "1"\n    otel: { endpointAddress: "http://low:1", timeout: 5s }');
    const high = read('    otel: { endpointAddress: "http://high:1" }');
    expect(joinResources([low, high]).configuration.tracing).toEqual({
      samplingRate: 1,
      otel: { endpointAddress: "http://high:1", timeout: "5s" },
    });
  });
});

describe("OpenTelemetry's variables", () => {
  const traced = (otel: Readonly<Record<string, string>>) => ({ samplingRate: 1, otel });

  it.each([
    [{}, undefined],
    [{ ENDPOINT: "http://c:4318/" }, traced({ endpointAddress: "http://c:4318/v1/traces" })],
    [{ TRACES_ENDPOINT: "http://c:1/x", ENDPOINT: "http://d" }, traced({ endpointAddress: "http://c:1/x" })],
    [
      { ENDPOINT: "c:4318", INSECURE: "true", HEADERS: "a=b", TRACES_HEADERS: "c=d", TIMEOUT: "500" },
      traced({ endpointAddress: "http://c:4318/v1/traces", headers: "c=d", timeout: "500" }),
    ],
    [
      { ENDPOINT: "https://c", PROTOCOL: "http/protobuf" },
      traced({ endpointAddress: "https://c/v1/traces", protocol: "http/protobuf" }),
    ],
    [
      { ENDPOINT: "http://c:4317", PROTOCOL: "grpc" },
      traced({ endpointAddress: "http://c:4317/v1/traces", protocol: "grpc" }),
    ],
  ])("%j", (given, expected) => {
    const named = Object.entries(given).map(([name, value]) => [`OTEL_EXPORTER_OTLP_${name}`, value]);
    const variables: Readonly<Record<string, string>> = Object.fromEntries(named);
    expect(otelEnvironment((name) => variables[name]).tracing).toEqual(expected);
  });
});
