import { reasonOf } from "../host/errors/reason-of.ts";
import { lendWorker } from "./capability/lend-worker.ts";
import type { DeviceAnswer, DeviceRequest, PickedFile } from "./components/page-devices.ts";

/** More than the sidecar would hand on. Bytes. */
const largest = 32 << 20;

/** The user has clicked or typed just now: browsers ask for it before they open a window. */
function activated(): boolean {
  // Firefox learnt it late; there its own refusal has to do.
  return navigator.userActivation?.isActive ?? true;
}

function denied(error: unknown): DeviceAnswer {
  const message = `${reasonOf(error)} (the browser wants the page in front, a click before, or the user's leave)`;
  return { error: { code: "PERMISSION_DENIED", message } };
}

async function pickFiles(accept: string, multiple: boolean): Promise<DeviceAnswer> {
  if (!activated()) {
    const message = "the browser lets the user pick files only right after a click or a key: call it then";
    return { error: { code: "FAILED_PRECONDITION", message } };
  }
  const input = document.createElement("input");
  Object.assign(input, { type: "file", accept, multiple });
  const picked = await new Promise<readonly File[]>((resolve) => {
    input.onchange = () => resolve([...(input.files ?? [])]);
    input.oncancel = () => resolve([]);
    input.click();
  });
  if (picked.length === 0) return { error: { code: "CANCELLED", message: "the user picked no file" } };
  if (picked.reduce((sum, { size }) => sum + size, 0) > largest) {
    return { error: { code: "RESOURCE_EXHAUSTED", message: `the files have more than ${largest} bytes` } };
  }
  const files = picked.map(
    async (file): Promise<PickedFile> => ({
      name: file.name,
      type: file.type,
      contents: new Uint8Array(await file.arrayBuffer()),
    }),
  );
  return { files: await Promise.all(files) };
}

function saveFile(name: string, type: string, contents: Uint8Array): DeviceAnswer {
  const url = URL.createObjectURL(new Blob([contents as Uint8Array<ArrayBuffer>], { type }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return {};
}

/** Does what a component asks of its page. Never rejects. Loaded with the first request. */
export async function answerDevice(request: DeviceRequest): Promise<DeviceAnswer> {
  try {
    switch (request.kind) {
      case "lend-worker":
        return await lendWorker(request);
      case "prepare-lending":
        return {};
      case "read-clipboard":
        return { text: await navigator.clipboard.readText() };
      case "write-clipboard":
        await navigator.clipboard.writeText(request.text);
        return {};
      case "pick-files":
        return await pickFiles(request.accept, request.multiple);
      case "save-file":
        return saveFile(request.name, request.type, request.contents);
    }
  } catch (error) {
    return denied(error);
  }
}
