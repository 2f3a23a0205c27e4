import { ManifestError } from "./manifest-reader.ts";

/**
 * A JSON Schema by its place in a list. Schemas are only collected here: to check by one can take any time (patterns,
 * references that multiply), so that is done where a guest runs, and can be ended.
 */
export type SchemaNumber = number;

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  /** As the schema has it: what text is turned into before it is checked. */
  readonly type: string | undefined;
  /** Of the items, where it is an array. */
  readonly items: string | undefined;
  readonly explode: boolean;
  readonly schema: SchemaNumber;
}

export interface RequestBody {
  readonly required: boolean;
  /** Media types, each perhaps with a wildcard, and the schema of their JSON. */
  readonly content: ReadonlyMap<string, SchemaNumber | undefined>;
}

export interface Operation {
  readonly id: string;
  /** In upper case. */
  readonly method: string;
  readonly path: string;
  /** A text to be met, or the name of a parameter. */
  readonly segments: readonly (string | { readonly name: string })[];
  readonly parameters: readonly Parameter[];
  readonly body: RequestBody | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const methods = ["get", "put", "post", "delete", "patch"] as const;
const places = ["path", "query", "header"] as const;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown, what: string, source: string): Fields {
  if (!isFields(value)) throw new ManifestError(`${source}: ${what} must be an object`);
  return value;
}

function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** What text is turned into: of a list of types the first that is more than null. */
function oneType(type: unknown): string | undefined {
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  return types.find((one): one is string => typeof one === "string" && one !== "null");
}

/** Reads a description of OpenAPI 3 into operations. */
class Description {
  readonly #root: Fields;
  readonly #source: string;
  readonly #schemas: object[];

  constructor(root: Fields, source: string, schemas: object[]) {
    this.#root = root;
    this.#source = source;
    this.#schemas = schemas;
  }

  operations(): readonly Operation[] {
    const paths = fieldsOf(own(this.#root, "paths"), "paths", this.#source);
    return Object.keys(paths).flatMap((path) => {
      const item = this.#followed(paths[path], `paths.${path}`);
      return methods.flatMap((method) => {
        const operation = own(item, method);
        return operation === undefined ? [] : this.#operation(path, method, item, operation);
      });
    });
  }

  #operation(path: string, method: string, item: Fields, value: unknown): Operation {
    const what = `paths.${path}.${method}`;
    if (!path.startsWith("/"))
      throw new ManifestError(`${this.#source}: ${what}: a path begins with a slash`);
    if (/[^/]\{|\}[^/]/.test(path))
      throw new ManifestError(`${this.#source}: ${what}: a parameter of a path must be all of a segment`);
    const operation = fieldsOf(value, what, this.#source);
    const id = own(operation, "operationId");
    const body = own(operation, "requestBody");
    const parameters = new Map<string, Parameter>();
    for (const list of [own(item, "parameters"), own(operation, "parameters")]) {
      if (list === undefined) continue;
      if (!Array.isArray(list)) throw new ManifestError(`${this.#source}: ${what}.parameters must be a list`);
      for (const [i, one] of list.entries()) {
        const parameter = this.#parameter(one, `${what}.parameters[${i}]`);
        // Cookies are the site's, and no guest's.
        if (parameter !== undefined) parameters.set(`${parameter.in} ${parameter.name}`, parameter);
      }
    }
    return {
      id: typeof id === "string" ? id : `${method} ${path}`,
      method: method.toUpperCase(),
      path,
      segments: path
        .slice(1)
        .split("/")
        .map((part) => (/^\{[^{}]+\}$/.test(part) ? { name: part.slice(1, -1) } : part)),
      parameters: [...parameters.values()],
      body: body === undefined ? undefined : this.#body(body, `${what}.requestBody`),
    };
  }

  #parameter(value: unknown, what: string): Parameter | undefined {
    const fields = this.#followed(value, what);
    const name = own(fields, "name");
    if (typeof name !== "string") throw new ManifestError(`${this.#source}: ${what}.name must be text`);
    const where = own(fields, "in");
    if (where === "cookie") return undefined;
    const place = places.find((known) => known === where);
    if (place === undefined)
      throw new ManifestError(`${this.#source}: ${what}.in must be one of ${places.join(", ")}, cookie`);
    const schema = own(fields, "schema") ?? {};
    const followed = this.#followed(schema, `${what}.schema`);
    const items = own(followed, "items");
    const type = own(followed, "type");
    const itemType =
      items === undefined ? undefined : own(this.#followed(items, `${what}.schema.items`), "type");
    return {
      name: place === "header" ? name.toLowerCase() : name,
      in: place,
      required: place === "path" || own(fields, "required") === true,
      type: oneType(type),
      items: oneType(itemType),
      explode: place === "query" && own(fields, "explode") !== false,
      schema: this.#schema(schema, `${what}.schema`),
    };
  }

  #body(value: unknown, what: string): RequestBody {
    const fields = this.#followed(value, what);
    const content = fieldsOf(own(fields, "content"), `${what}.content`, this.#source);
    return {
      required: own(fields, "required") === true,
      content: new Map(
        Object.keys(content).map((type): [string, SchemaNumber | undefined] => {
          const media = fieldsOf(content[type], `${what}.content.${type}`, this.#source);
          const schema = own(media, "schema");
          const json = /[/+]json$/.test(type.split(";")[0] as string);
          const number =
            schema !== undefined && json ? this.#schema(schema, `${what}.content.${type}.schema`) : undefined;
          return [type.split(";")[0]?.trim().toLowerCase() as string, number];
        }),
      ),
    };
  }

  /** The schema with what references of this description lead to beside it. */
  #schema(schema: unknown, what: string): SchemaNumber {
    const fields = fieldsOf(schema, what, this.#source);
    const components = own(this.#root, "components");
    return this.#schemas.push(components === undefined ? fields : { components, ...fields }) - 1;
  }

  /** What a `$ref` into this description leads to; what has none is itself. */
  #followed(value: unknown, what: string): Fields {
    let fields = fieldsOf(value, what, this.#source);
    for (let i = 0; i < 16; i += 1) {
      const reference = own(fields, "$ref");
      if (typeof reference !== "string") return fields;
      if (!reference.startsWith("#/")) {
        throw new ManifestError(
          `${this.#source}: ${what} refers to ${reference}: only references into itself are followed`,
        );
      }
      let target: unknown = this.#root;
      for (const step of reference.slice(2).split("/")) {
        const name = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
        target = isFields(target) ? own(target, name) : undefined;
      }
      fields = fieldsOf(target, `${what}, by ${reference},`, this.#source);
    }
    throw new ManifestError(`${this.#source}: ${what} refers in circles`);
  }
}

/**
 * The operations of a description of OpenAPI 3, literal paths first. Its schemas are added to `schemas`. Throws a
 * ManifestError that names the place.
 */
export function readOpenApi(value: unknown, source: string, schemas: object[]): readonly Operation[] {
  const root = fieldsOf(value, "an OpenAPI description", source);
  const operations = new Description(root, source, schemas).operations();
  if (operations.length === 0) throw new ManifestError(`${source}: paths has no operation`);
  const templates = ({ segments }: Operation) =>
    segments.filter((segment) => typeof segment !== "string").length;
  return operations.toSorted((a, b) => templates(a) - templates(b));
}
