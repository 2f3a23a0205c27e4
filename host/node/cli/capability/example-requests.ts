import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { reasonOf } from "../../../errors/reason-of.ts";
import type { RuntimeRequest } from "../../../http.ts";

/** One entry of `requests.json`: a request, and what must come of it. */
export interface ExampleRequest {
  /** `GET /greet?name=Ada`, below the package's name. */
  readonly request: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text; anything else goes as JSON. */
  readonly body?: unknown;
  /** A file of the package's folder, as the body. */
  readonly bodyFile?: string;
  /** 200 when left out. */
  readonly status?: number;
  /** The whole answer: text, or what its JSON says. */
  readonly answer?: unknown;
}

const known = ["request", "headers", "body", "bodyFile", "status", "answer"];

/** What `requests.json` has; none where there is none. Throws with the place of what is wrong. */
export async function exampleRequests(folder: string): Promise<readonly ExampleRequest[]> {
  const file = join(folder, "requests.json");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "[]";
    throw error;
  });
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file}: ${reasonOf(error)}`);
  }
  if (!Array.isArray(entries)) throw new Error(`${file} must be a list of requests`);
  for (const [i, entry] of entries.entries()) {
    const unknown = Object.keys(entry ?? {}).find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new Error(`${file}: [${i}].${unknown} is unknown; expected one of ${known.join(", ")}`);
    if (!/^[A-Z]+ \/\S*$/.test(String(entry?.request))) {
      throw new Error(`${file}: [${i}].request must be a method and a path, such as "GET /greet?name=Ada"`);
    }
  }
  return entries as ExampleRequest[];
}

/** The request as the sidecar of a package gets it. */
export async function requestOf(
  example: ExampleRequest,
  name: string,
  folder: string,
): Promise<RuntimeRequest> {
  const [method, target] = example.request.split(" ") as [string, string];
  const [path, query = ""] = target.split(/\?(.*)/s) as [string, string?];
  const { body, bodyFile, headers = {} } = example;
  const isText = typeof body === "string" || body === undefined;
  const type = isText ? "text/plain" : "application/json";
  const fields = { ...(body !== undefined && { "content-type": type }), ...headers };
  const bytes =
    bodyFile !== undefined
      ? new Uint8Array(await readFile(join(folder, bodyFile)))
      : body === undefined
        ? undefined
        : new TextEncoder().encode(isText ? body : JSON.stringify(body));
  return {
    method,
    path: `/v1.0/capabilities/${name}${path}`,
    query,
    headers: Object.entries(fields).flat(),
    body: bytes,
  };
}
