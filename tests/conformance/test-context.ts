import type { Component, ComponentContext, Definition } from "../../host/components/component.ts";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import type { Core } from "../../host/core/core.ts";
import type { Clock } from "../../host/platform.ts";
import { consoleLog, webPlatform } from "../../host/web-platform.ts";

/** The context of a component that rides on neither the core nor a relay. */
export function testContext(name: string, clock: Clock): ComponentContext {
  const log = consoleLog("error", name);
  return {
    name,
    appId: "app",
    namespace: "default",
    platform: { ...webPlatform(log), clock },
    log,
    core: new Proxy({} as Core, {
      get() {
        throw new Error("this component was not expected to use the core");
      },
    }),
    relays: {
      open: () => Promise.reject(new Error("this component was not expected to use a relay")),
    },
  };
}

/** Opens a component with metadata as a resource gives them. */
export function openWith<C extends Component>(
  definition: Definition<C>,
  context: ComponentContext,
  metadata: Readonly<Record<string, string>> = {},
): Promise<C> {
  const given = new Map(Object.entries(metadata));
  return definition.open(
    decodeMetadata(context.name, definition.metadata, given, () => undefined),
    context,
  );
}
