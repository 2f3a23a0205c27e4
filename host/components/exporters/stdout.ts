import { defineExporter, exportFields } from "./span-exporter.ts";

export const stdoutExporter = defineExporter({
  type: "exporters.stdout",
  version: "v1",
  summary: "Writes a line for each span to the sidecar's log.",
  metadata: exportFields,
  features: [],
  open: async (_, { log }) => ({
    async export(spans) {
      for (const { name, kind, traceId, spanId, parentId, start, end, status } of spans) {
        const ms = Math.round((end - start) * 1000) / 1000;
        const ended = status.message ?? status.code;
        log.info(`span ${name}`, { kind, trace: traceId, span: spanId, parent: parentId, ms, status: ended });
      }
    },
    async close() {},
  }),
});
