import type { Log } from "../platform.ts";
import { readAtStart } from "../resources/configuration.ts";
import { joinResources, type ParsedResources, type Resources } from "../resources/resources.ts";
import { defaultComponents, type GivenComponents, givenResources } from "./given-components.ts";
import { otelEnvironment } from "./otel-environment.ts";
import { ResourceFiles } from "./resource-files.ts";
import type { SidecarOptions } from "./sidecar-options.ts";

function defaults({ relay, relayRoom, relayToken }: SidecarOptions): GivenComponents {
  return defaultComponents(
    relay === undefined ? undefined : { url: relay, room: relayRoom, token: relayToken },
  );
}

/** One sentence for each kind of which something is not applied, and those about single fields. */
function remarks({ unapplied, unknown }: ParsedResources): readonly string[] {
  const kinds = [...new Set(unapplied.map(({ kind }) => kind))].map((kind) => {
    const places = unapplied
      .filter((resource) => resource.kind === kind)
      .map(({ name, origin }) => `${name} (${origin})`);
    return `resources of kind ${kind} are read and not applied yet: ${places.join("; ")}`;
  });
  return [...kinds, ...unknown];
}

/** The resources that a sidecar was given, those of its files, and its Configurations. */
export class FoundResources {
  /** As they are at present. */
  resources: Resources;
  readonly #given: ParsedResources;
  readonly #files: ResourceFiles;
  readonly #configurations: ResourceFiles;
  readonly #atStart: Resources["configuration"];
  readonly #log: Log;
  #said: readonly string[] = [];

  private constructor(given: ParsedResources, files: ResourceFiles, configurations: ResourceFiles, log: Log) {
    this.#given = given;
    this.#files = files;
    this.#configurations = configurations;
    this.#log = log;
    this.resources = this.#join();
    this.#atStart = this.resources.configuration;
  }

  /** Throws ResourceError naming file, document, line and field. */
  static async load(options: SidecarOptions, log: Log): Promise<FoundResources> {
    const { components, resourcesPaths, configPaths = [], environment } = options;
    const files = new ResourceFiles(resourcesPaths ?? [], environment);
    const configurations = new ResourceFiles(configPaths, environment, { expand: true });
    const given = components ?? (resourcesPaths === undefined ? defaults(options) : []);
    const [parsed] = await Promise.all([
      givenResources(given, "the options", environment),
      files.load(),
      configurations.load(),
    ]);
    const configuration = environment && otelEnvironment(environment);
    const all = configuration === undefined ? parsed : joinResources([{ configuration }, parsed]);
    return new FoundResources(all, files, configurations, log);
  }

  /** Undefined when nothing has changed. What is broken is complained of, and stays as it last was. */
  async reload(complain: (sentence: string) => void): Promise<Resources | undefined> {
    const read = await Promise.all([this.#files.reload(complain), this.#configurations.reload(complain)]);
    if (read.every((part) => part === undefined)) return undefined;
    this.resources = this.#join();
    return this.resources;
  }

  #join(): Resources {
    const all = joinResources([this.#given, this.#files.read, this.#configurations.read]);
    const said = [...remarks(all), ...this.#late(all)];
    for (const sentence of said) if (!this.#said.includes(sentence)) this.#log.warn(sentence);
    this.#said = said;
    return all;
  }

  /** What of the Configurations has changed and takes effect with the next start only. */
  #late({ configuration }: Resources): readonly string[] {
    const before = this.#atStart as Resources["configuration"] | undefined;
    if (before === undefined) return [];
    const changed = Object.entries(readAtStart).filter(([member]) => {
      const [was, is] = [before, configuration].map((one) => JSON.stringify(one[member as keyof typeof one]));
      return was !== is;
    });
    if (changed.length === 0) return [];
    const fields = changed.map(([, field]) => field).join(", ");
    return [`${fields} changed in a Configuration: restart the sidecar, which reads it when it starts`];
  }
}
