import {
  type BindingHandler,
  type BindingReader,
  type BindingRequest,
  defineBinding,
  type InputBinding,
  type OutputBinding,
} from "../../host/components/bindings/binding.ts";
import { EventQueue } from "../../host/components/bindings/event-queue.ts";
import type { ComponentContext } from "../../host/components/component.ts";
import { text } from "../../host/components/metadata-schema.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import type { Notice, PageDevices } from "./page-devices.ts";

const mostWaiting = 100;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const notificationBinding = (devices: PageDevices | undefined) =>
  defineBinding({
    type: "bindings.notification",
    version: "v1",
    summary: "Notifications of the browser; a click on one is an event.",
    metadata: {
      title: text("What a notification is headed with that names no title; the app's id when left out."),
      icon: text("The address of a picture."),
    },
    features: ["INPUT_BINDING", "OUTPUT_BINDING"],
    async open({ title, icon }, context) {
      if (devices === undefined) throw new ComponentError("UNIMPLEMENTED", "no notifications here");
      return new Notifications(devices, context, { title: title || context.appId, icon });
    },
  });

/** Own members of an object, or what a string says. */
function membersOf(data: Uint8Array): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(decoder.decode(data));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  return value === null ? {} : { body: typeof value === "string" ? value : JSON.stringify(value) };
}

class Notifications implements InputBinding, OutputBinding {
  readonly operations = ["create"];
  readonly #devices: PageDevices;
  readonly #queue: EventQueue;
  readonly #source: string;
  readonly #defaults: Pick<Notice, "title" | "icon">;
  readonly #stop: () => void;

  constructor(devices: PageDevices, context: ComponentContext, defaults: Pick<Notice, "title" | "icon">) {
    this.#devices = devices;
    this.#defaults = defaults;
    this.#source = `${context.appId}/${context.name}`;
    this.#queue = new EventQueue(context.platform, mostWaiting);
    this.#stop = devices.onClick(this.#source, (click) => {
      this.#queue.push({ data: encoder.encode(JSON.stringify(click)), metadata: new Map() });
    });
  }

  /** Data: text, or an object with `title`, `body`, `icon`, `tag` and `data`; metadata of these names count before it. */
  async invoke({ data, metadata }: BindingRequest): Promise<undefined> {
    const given = { ...membersOf(data), ...Object.fromEntries(metadata) };
    const textOf = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
    await this.#devices.notify(this.#source, {
      title: textOf(given.title) ?? this.#defaults.title,
      body: textOf(given.body) ?? "",
      icon: textOf(given.icon) ?? this.#defaults.icon,
      tag: textOf(given.tag),
      data: given.data,
    });
  }

  async read(handler: BindingHandler): Promise<BindingReader> {
    return this.#queue.read(handler);
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#queue.close();
  }
}
