import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { type Fields, fail, isFields, member, type Place, scalar } from "../../resources/fields.ts";
import { findUnknown, passedOver } from "../../resources/known-fields.ts";
import { yamlDocuments } from "../../resources/yaml-documents.ts";
import { shownPath } from "../shown-path.ts";
import { UsageError } from "./arguments.ts";
import { templateFields, templateShape } from "./template-fields.ts";

export type LogDestination = "console" | "file" | "fileAndConsole";

/** One app of a template: what to run for it, and where its output goes. */
export interface TemplateApp {
  readonly appId: string;
  /** Where the command runs. */
  readonly folder: string;
  /** Switches of `daprlet run`. */
  readonly switches: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly appLog: LogDestination;
  readonly sidecarLog: LogDestination;
}

export interface RunTemplate {
  /** Absolute. */
  readonly path: string;
  readonly apps: readonly TemplateApp[];
  /** A sentence about each field that is passed over. */
  readonly remarks: readonly string[];
}

type Path = readonly (string | number)[];

/** The template that `--run-file` names: a file, or `dapr.yaml` in a folder. Throws UsageError. */
export function templatePath(given: string): string {
  const path = resolve(given);
  const found = statSync(path, { throwIfNoEntry: false });
  const file = found?.isDirectory() ? join(path, "dapr.yaml") : path;
  if (existsSync(file)) return file;
  throw new UsageError(
    `--run-file ${given}: there is no ${found === undefined ? "such file" : "dapr.yaml in it"}`,
  );
}

/** Reads a multi-app template (dapr-http-api §5). Throws ResourceError naming file, line and field. */
export async function readTemplate(path: string): Promise<RunTemplate> {
  const [document] = yamlDocuments(readFileSync(path, "utf8"), shownPath(path), await import("../yaml.ts"));
  const place: Place = document?.place ?? { origin: shownPath(path), at: () => shownPath(path) };
  const template = document?.value ?? {};
  if (!isFields(template)) fail(place, [], "expected a mapping with version and apps");
  if (member(template, "version") !== 1) fail(place, ["version"], "must be 1");
  const apps = member(template, "apps");
  if (!Array.isArray(apps) || apps.length === 0) fail(place, ["apps"], "must be a list of apps");
  const remarks: string[] = [];
  findUnknown(template, templateShape, [], (at, known) =>
    remarks.push(passedOver(place, at, "template", known)),
  );
  const reader = new Reader(place, mapping(member(template, "common"), place, ["common"]), dirname(path));
  const read = apps.map((app: unknown, i) => reader.app(mapping(app, place, ["apps", i]), ["apps", i]));
  read.forEach(({ appId }, i) => {
    if (read.findIndex((other) => other.appId === appId) !== i) {
      fail(place, ["apps", i, "appID"], `repeats ${appId}; each app of a template needs an id of its own`);
    }
  });
  return { path, apps: read, remarks };
}

function mapping(value: unknown, place: Place, path: Path): Fields {
  if (value === undefined || value === null) return {};
  if (!isFields(value)) fail(place, path, "must be a mapping");
  return value;
}

class Reader {
  readonly #place: Place;
  readonly #common: Fields;
  readonly #folder: string;

  constructor(place: Place, common: Fields, folder: string) {
    this.#place = place;
    this.#common = common;
    this.#folder = folder;
  }

  app(app: Fields, path: Path): TemplateApp {
    const given = member(app, "appDirPath");
    if (typeof given !== "string" || given === "") fail(this.#place, [...path, "appDirPath"], "is required");
    const folder = this.#existing(given, this.#folder, [...path, "appDirPath"]);
    const appId = this.#text(app, "appID", path) || basename(folder);
    return {
      appId,
      folder,
      switches: [...this.#switches(app, path, appId), ...this.#files(app, path, folder)],
      command: this.#command(app, path),
      environment: { ...this.#environment(this.#common, ["common"]), ...this.#environment(app, path) },
      appLog: this.#destination(app, "appLogDestination", path) ?? "fileAndConsole",
      sidecarLog: this.#destination(app, "daprdLogDestination", path) ?? "file",
    };
  }

  #text(fields: Fields, name: string, path: Path): string | undefined {
    const value = member(fields, name);
    if (value === undefined || value === null) return undefined;
    if (typeof value === "object") fail(this.#place, [...path, name], "must be text, a number or a switch");
    return scalar(value);
  }

  #switches(app: Fields, path: Path, appId: string): readonly string[] {
    return templateFields.flatMap(({ name, flag, shared }) => {
      if (flag === "app-id") return [`--app-id=${appId}`];
      const value = this.#text(app, name, path) ?? (shared && this.#text(this.#common, name, ["common"]));
      return value === undefined ? [] : [`--${flag}=${value}`];
    });
  }

  /** The app's own before what lies in `.dapr` of its folder, and that before the common ones, as in Dapr. */
  #files(app: Fields, path: Path, folder: string): readonly string[] {
    const own = (name: string) => [join(folder, ".dapr", name)].filter((file) => existsSync(file));
    const first = (...choices: readonly (readonly string[])[]) =>
      choices.find(({ length }) => length > 0) ?? [];
    const resources = first(
      this.#paths(app, folder, path, "resourcesPaths", "resourcesPath"),
      own("resources"),
      this.#paths(this.#common, this.#folder, ["common"], "resourcesPaths", "resourcesPath"),
    );
    const configurations = first(
      this.#paths(app, folder, path, "configFilePath"),
      own("config.yaml"),
      this.#paths(this.#common, this.#folder, ["common"], "configFilePath"),
    );
    return [
      ...resources.map((file) => `--resources-path=${file}`),
      ...configurations.map((file) => `--config=${file}`),
    ];
  }

  #paths(fields: Fields, folder: string, path: Path, ...names: readonly string[]): readonly string[] {
    return names.flatMap((name) => {
      const value = member(fields, name) ?? [];
      const items: readonly unknown[] = typeof value === "string" ? value.split(",") : (value as unknown[]);
      if (!Array.isArray(items)) fail(this.#place, [...path, name], "must be a path, or a list of paths");
      return items.map((item: unknown) => this.#existing(scalar(item).trim(), folder, [...path, name]));
    });
  }

  #existing(given: string, folder: string, path: Path): string {
    const file = resolve(folder, given.replace(/^~(?=\/|$)/, homedir()));
    if (!existsSync(file)) fail(this.#place, path, `names ${shownPath(file)}, which does not exist`);
    return file;
  }

  #command(app: Fields, path: Path): readonly string[] {
    const value = member(app, "command") ?? [];
    if (!Array.isArray(value) || value.some((word) => typeof word === "object")) {
      fail(this.#place, [...path, "command"], 'must be a list of words, such as ["node", "app.js"]');
    }
    return value.map(scalar);
  }

  #environment(fields: Fields, path: Path): Readonly<Record<string, string>> {
    const values = mapping(member(fields, "env"), this.#place, [...path, "env"]);
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, scalar(value)]));
  }

  #destination(app: Fields, name: string, path: Path): LogDestination | undefined {
    const value = this.#text(app, name, path) ?? this.#text(this.#common, name, ["common"]);
    if (value === undefined || value === "") return undefined;
    if (value === "console" || value === "file" || value === "fileAndConsole") return value;
    fail(this.#place, [...path, name], `must be console, file or fileAndConsole, not ${value}`);
  }
}
