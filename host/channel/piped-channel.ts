import type { Pipeline } from "../pipeline.ts";
import type { AppChannel } from "./app-channel.ts";
import { withInvoke } from "./with-invoke.ts";

/**
 * The app behind a pipeline that every call passes: invocations, events, probes. It is asked for with each call, because
 * an update may change it; undefined costs nothing.
 */
export function pipedChannel(app: AppChannel, pipeline: () => Pipeline | undefined): AppChannel {
  return withInvoke(app, (request) => {
    const piped = pipeline();
    return piped === undefined ? app.invoke(request) : piped(request, (passed) => app.invoke(passed));
  });
}
