import type { AppChannel } from "./app-channel.ts";

/** The same app, called by way of `invoke`. */
export function withInvoke(app: AppChannel, invoke: AppChannel["invoke"]): AppChannel {
  const returned = app.returned?.bind(app);
  const watch = app.watch?.bind(app);
  return {
    invoke,
    ready: (signal) => app.ready(signal),
    ...(returned !== undefined && { returned }),
    ...(watch !== undefined && { watch }),
    ...(app.abandonsTurns === true && { abandonsTurns: true }),
    get properties() {
      return app.properties;
    },
    close: () => app.close(),
  };
}
