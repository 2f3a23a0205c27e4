import { type ComponentResource, componentDefaults } from "./component.ts";

/** `spec.nameResolution` of a Configuration (dapr-http-api §4.4). */
export interface NameResolution {
  /** `nameformat`; empty or `mdns`: the default, by which sidecars of one machine find each other. */
  readonly component: string;
  readonly version: string;
  readonly configuration: readonly (readonly [name: string, value: string])[];
  readonly origin: string;
}

/** The component that it asks for. */
export function configuredResolver(section: NameResolution | undefined): readonly ComponentResource[] {
  if (section === undefined || section.component === "" || section.component === "mdns") return [];
  const { component, version, configuration, origin } = section;
  return [
    {
      ...componentDefaults,
      name: "nameResolution",
      type: `nameresolution.${component}`,
      version,
      metadata: new Map(configuration),
      origin,
    },
  ];
}
