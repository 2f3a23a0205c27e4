import type { Pipeline } from "../pipeline.ts";
import type { AppChannel } from "./app-channel.ts";

/**
 * The app behind a pipeline that every call passes: invocations, events, probes. It is asked for with each call, because
 * an update may change it; undefined costs nothing.
 */
export function pipedChannel(app: AppChannel, pipeline: () => Pipeline | undefined): AppChannel {
  const returned = app.returned?.bind(app);
  return {
    invoke(request) {
      const piped = pipeline();
      return piped === undefined ? app.invoke(request) : piped(request, (passed) => app.invoke(passed));
    },
    ready: (signal) => app.ready(signal),
    ...(returned !== undefined && { returned }),
    get properties() {
      return app.properties;
    },
    close: () => app.close(),
  };
}
