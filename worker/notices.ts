import { ComponentError } from "../host/errors/component-error.ts";
import { reasonOf } from "../host/errors/reason-of.ts";
import type { Notice, NoticeClick } from "./components/page-devices.ts";

/** What a notification of ours carries, to tell it from the site's own. */
interface Carried {
  readonly daprlet: string;
  readonly data: unknown;
}

/** Notifications, and who listens for clicks on them. */
export class Notices {
  readonly #listeners = new Map<string, (click: NoticeClick) => void>();

  /** `show` puts it up; with `data` it tells later which one was clicked. */
  async notify(
    source: string,
    { title, body, icon, tag, data }: Notice,
    show: (title: string, options: NotificationOptions) => Promise<void>,
  ): Promise<void> {
    if (typeof Notification === "undefined" || Notification.permission !== "granted") {
      throw new ComponentError(
        "PERMISSION_DENIED",
        "the user has not allowed notifications: ask with Notification.requestPermission() in a click's handler",
      );
    }
    const carried: Carried = { daprlet: source, data };
    const options = {
      body,
      data: carried,
      ...(icon !== undefined && { icon }),
      ...(tag !== undefined && { tag }),
    };
    await show(title, options).catch((error) => {
      // Firefox, where the desktop takes none.
      throw new ComponentError("UNAVAILABLE", `the browser could not show it: ${reasonOf(error)}`);
    });
  }

  onClick(source: string, listener: (click: NoticeClick) => void): () => void {
    this.#listeners.set(source, listener);
    return () => {
      if (this.#listeners.get(source) === listener) this.#listeners.delete(source);
    };
  }

  /** Which binding a notification is of; undefined for one of the site's own. */
  sourceOf({ data }: Notification): string | undefined {
    return (data as Partial<Carried> | null)?.daprlet;
  }

  clicked({ title, data }: Notification, action: string): void {
    const { daprlet: source, data: own } = data as Carried;
    this.#listeners.get(source)?.({ title, action, data: own });
  }
}
