import { type Metadata, Server, ServerCredentials, type ServiceDefinition, type status } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";

/** What a test looks at of OTLP's messages; a decoder passes over fields that it does not know. */
const messages = {
  Request: { fields: { resource_spans: { rule: "repeated", type: "ResourceSpans", id: 1 } } },
  Response: { fields: {} },
  ResourceSpans: {
    fields: {
      resource: { type: "Resource", id: 1 },
      scope_spans: { rule: "repeated", type: "ScopeSpans", id: 2 },
    },
  },
  Resource: { fields: { attributes: { rule: "repeated", type: "KeyValue", id: 1 } } },
  ScopeSpans: { fields: { spans: { rule: "repeated", type: "Span", id: 2 } } },
  KeyValue: { fields: { key: { type: "string", id: 1 }, value: { type: "AnyValue", id: 2 } } },
  AnyValue: { fields: { string_value: { type: "string", id: 1 } } },
  Span: {
    fields: {
      trace_id: { type: "bytes", id: 1 },
      span_id: { type: "bytes", id: 2 },
      parent_span_id: { type: "bytes", id: 4 },
      name: { type: "string", id: 5 },
      kind: { type: "int32", id: 6 },
      start_time_unix_nano: { type: "fixed64", id: 7 },
      attributes: { rule: "repeated", type: "KeyValue", id: 9 },
      status: { type: "Status", id: 15 },
    },
  },
  Status: { fields: { message: { type: "string", id: 2 }, code: { type: "int32", id: 3 } } },
  TraceService: { methods: { Export: { requestType: "Request", responseType: "Response" } } },
};
const scope = ["opentelemetry", "proto", "collector", "trace", "v1"];

function serviceDefinition(): ServiceDefinition {
  const nested = scope.reduceRight<object>((inner, name) => ({ [name]: { nested: inner } }), messages);
  const definition = fromJSON({ nested } as Parameters<typeof fromJSON>[0], {
    keepCase: true,
    arrays: true,
    longs: String,
  });
  return definition[`${scope.join(".")}.TraceService`] as ServiceDefinition;
}

export interface OtlpSpan {
  readonly trace_id: Buffer;
  readonly span_id: Buffer;
  readonly parent_span_id?: Buffer;
  readonly name: string;
  readonly kind: number;
  readonly start_time_unix_nano: string;
  readonly attributes: readonly {
    readonly key: string;
    readonly value: { readonly string_value?: string };
  }[];
  readonly status: { readonly message?: string; readonly code?: number };
}

interface OtlpRequest {
  readonly resource_spans: readonly {
    readonly resource: { readonly attributes: OtlpSpan["attributes"] };
    readonly scope_spans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** What to refuse a batch with. */
export interface Refusal {
  readonly code: status;
  readonly details?: string;
  readonly metadata?: Metadata;
}

/** A collector of spans over gRPC. */
export interface GrpcCollector {
  /** Host and port. */
  readonly address: string;
  readonly spans: (OtlpSpan & { readonly service: string | undefined })[];
  /** What came with each batch, also with those that were refused. */
  readonly batches: Metadata[];
  /** Taken one by one by the batches that come; `silence` answers nothing. */
  readonly answers: (Refusal | "silence")[];
  /** `address`: where an earlier one was. */
  close(): void;
}

export async function startGrpcCollector(
  credentials = ServerCredentials.createInsecure(),
  address = "127.0.0.1:0",
): Promise<GrpcCollector> {
  const server = new Server();
  const collector: Omit<GrpcCollector, "address" | "close"> = { spans: [], batches: [], answers: [] };
  server.addService(serviceDefinition(), {
    Export(
      { request, metadata }: { request: OtlpRequest; metadata: Metadata },
      answer: (refusal: Refusal | null, value?: object) => void,
    ) {
      collector.batches.push(metadata);
      const refusal = collector.answers.shift();
      if (refusal === "silence") return;
      if (refusal !== undefined) return answer(refusal);
      for (const { resource, scope_spans } of request.resource_spans) {
        const service = resource.attributes.find(({ key }) => key === "service.name")?.value.string_value;
        for (const { spans } of scope_spans)
          collector.spans.push(...spans.map((span) => ({ ...span, service })));
      }
      answer(null, {});
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(address, credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  return { ...collector, address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}
