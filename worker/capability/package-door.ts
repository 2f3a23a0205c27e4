import { reasonOf } from "../../host/errors/reason-of.ts";
import { DOOR_HEADER } from "../messages.ts";
import type { AddedPackages } from "./added-packages.ts";
import { FILE_PART, noPackage } from "./package-paths.ts";

function answer(status: number, value: object): Response {
  return Response.json(value, { status, headers: { [DOOR_HEADER]: String(status) } });
}

async function put(request: Request, added: AddedPackages): Promise<Response> {
  const form = await request.formData();
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [name, part] of form) {
    if (name.startsWith(FILE_PART) && part instanceof Blob)
      files.set(name.slice(FILE_PART.length), new Uint8Array(await part.arrayBuffer()));
  }
  const read = (name: string): unknown => JSON.parse(String(form.get(name)));
  await added.add({ manifest: read("manifest"), grant: read("grant"), files });
  return answer(200, {});
}

/**
 * Answers a page that adds a package or takes one away. Only pages of the scope reach it, and no form of another site: a form can
 * neither PUT nor DELETE.
 */
export async function packageDoor(request: Request, added: AddedPackages): Promise<Response> {
  try {
    if (request.method === "PUT") return await put(request, added);
    if (request.method !== "DELETE") return answer(405, { message: "PUT a package, or DELETE one" });
    const name = decodeURIComponent(new URL(request.url).pathname.split("/").at(-1) as string);
    if (await added.remove(name)) return answer(200, {});
    return answer(404, { message: noPackage(name) });
  } catch (error) {
    return answer(400, { message: reasonOf(error) });
  }
}
