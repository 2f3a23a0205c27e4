import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { reasonOf } from "../errors/reason-of.ts";
import { ResourceError } from "../resources/fields.ts";
import { parseResources } from "../resources/parse-resources.ts";
import { joinResources, noResources, type ParsedResources } from "../resources/resources.ts";
import type { Environment } from "../resources/value-entries.ts";
import { expandEnvironment } from "./expand-environment.ts";
import { shownPath } from "./shown-path.ts";

function isYaml(name: string): boolean {
  return /\.ya?ml$/i.test(name);
}

/** A file that is named itself, or the YAML files directly in a folder, in the order of their names. `what` is for messages. */
export async function yamlFiles(path: string, what: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => {
    throw new ResourceError(`${what} ${path} does not exist`);
  });
  if (!found.isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && isYaml(entry.name))
    .map((entry) => join(path, entry.name))
    .sort();
}

/** The resources of files and folders, in the order given; read once, and again as often as they change. */
export class ResourceFiles {
  readonly #paths: readonly string[];
  readonly #environment: Environment | undefined;
  readonly #expand: boolean;
  /** What was last read of each file without a fault, and of each path which files it has. */
  readonly #read = new Map<string, ParsedResources>();
  #joined: ParsedResources = noResources;
  readonly #files = new Map<string, readonly string[]>();
  /** All that was last read, to tell whether anything changed. */
  #seen = "";

  /** `expand`: `${NAME}` in the files is the environment's value. */
  constructor(
    paths: readonly string[],
    environment: Environment | undefined,
    { expand }: { readonly expand: boolean } = { expand: false },
  ) {
    this.#paths = paths;
    this.#environment = environment;
    this.#expand = expand;
  }

  /** What was last read without a fault. */
  get read(): ParsedResources {
    return this.#joined;
  }

  /** Throws ResourceError naming file, document, line and field. */
  async load(): Promise<ParsedResources> {
    await this.#load((error) => {
      throw error;
    });
    return this.#joined;
  }

  /**
   * Undefined when nothing has changed. What is broken is complained of, in the words of the errors, and stays as it
   * last was.
   */
  reload(complain: (sentence: string) => void): Promise<ParsedResources | undefined> {
    return this.#load((error, what) => complain(`${what} stays as it was: ${reasonOf(error)}`));
  }

  /** The YAML library is loaded only when there is a file to read. */
  async #load(failed: (error: unknown, what: string) => void): Promise<ParsedResources | undefined> {
    for (const path of this.#paths) {
      try {
        this.#files.set(path, await yamlFiles(path, this.#expand ? "configuration file" : "resources path"));
      } catch (error) {
        failed(error, path);
      }
    }
    const files = this.#paths.flatMap((path) => this.#files.get(path) ?? []);
    const texts = await Promise.allSettled(files.map((file) => readFile(file, "utf8")));
    const seen = JSON.stringify([files, texts]);
    if (seen === this.#seen) return undefined;
    this.#seen = seen;
    for (const file of this.#read.keys()) if (!files.includes(file)) this.#read.delete(file);
    if (files.length === 0) {
      this.#joined = noResources;
      return noResources;
    }
    const yaml = await import("./yaml.ts");
    const parts = texts.map((text, i) => {
      const file = files[i] as string;
      try {
        if (text.status === "rejected") throw text.reason;
        // Who writes a file empties it first.
        if (text.value.trim() === "" && this.#read.has(file)) {
          throw new ResourceError("it is empty; remove the file to take its resources away");
        }
        const environment = this.#environment;
        const own = this.#expand && environment ? expandEnvironment(text.value, environment) : text.value;
        this.#read.set(file, parseResources(own, shownPath(file), yaml, environment));
      } catch (error) {
        failed(error, shownPath(file));
      }
      return this.#read.get(file) ?? noResources;
    });
    this.#joined = joinResources(parts);
    return this.#joined;
  }
}
