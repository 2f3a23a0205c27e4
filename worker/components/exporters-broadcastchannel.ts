import {
  defineExporter,
  exportFields,
  type FinishedSpan,
} from "../../host/components/exporters/span-exporter.ts";
import { text } from "../../host/components/metadata-schema.ts";

/** A message of the channel: spans that ended at the sidecar of one app. */
export interface SpanBatch {
  readonly appId: string;
  readonly spans: readonly FinishedSpan[];
}

export const broadcastChannelExporter = defineExporter({
  type: "exporters.broadcastchannel",
  version: "v1",
  summary: "Posts spans to a BroadcastChannel of the origin, where any page can listen.",
  metadata: { channel: text("The channel's name; the component's own when left out."), ...exportFields },
  features: [],
  async open({ channel: named }, { name, appId }) {
    const channel = new BroadcastChannel(named || name);
    return {
      async export(spans) {
        channel.postMessage({ appId, spans } satisfies SpanBatch);
      },
      async close() {
        channel.close();
      },
    };
  },
});
