import { ComponentError } from "../host/errors/component-error.ts";
import type {
  DeviceAnswer,
  DeviceRequest,
  Notice,
  NoticeClick,
  PageDevices,
} from "./components/page-devices.ts";
import { Notices } from "./notices.ts";
import type { PageConnection } from "./page-connection.ts";

/** How a service worker's components reach the user: by its own notifications, and by a page in front. */
export class Devices implements PageDevices {
  readonly #worker: ServiceWorkerGlobalScope;
  readonly #notices = new Notices();
  /** Each with the app that it registered. */
  readonly #pages = new Map<PageConnection, string>();
  readonly #waiting: (() => void)[] = [];

  constructor(worker: ServiceWorkerGlobalScope) {
    this.#worker = worker;
  }

  add(page: PageConnection, appId: string): void {
    this.#pages.set(page, appId);
    for (const arrived of this.#waiting.splice(0)) arrived();
  }

  get pages(): Iterable<PageConnection> {
    return this.#pages.keys();
  }

  /** Resolves when the next page has come. */
  arrival(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  remove(page: PageConnection): void {
    this.#pages.delete(page);
  }

  async ask(appId: string, request: DeviceRequest, signal: AbortSignal | undefined): Promise<DeviceAnswer> {
    const windows = await this.#worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    const visible = windows.filter(({ visibilityState }) => visibilityState === "visible");
    const pages = [...this.#pages].filter(([page, app]) => page.open && app === appId).map(([page]) => page);
    const found = visible
      .sort((a, b) => Number(b.focused) - Number(a.focused))
      .map(({ id }) => pages.find(({ clientId }) => clientId === id))
      .find((page) => page !== undefined);
    if (found === undefined) {
      throw new ComponentError(
        "FAILED_PRECONDITION",
        `it needs the user: no page of app ${appId} is open and visible`,
      );
    }
    const answer = await found.device(request, signal);
    if (answer.error !== undefined) throw new ComponentError(answer.error.code, answer.error.message);
    return answer;
  }

  async notify(source: string, notice: Notice): Promise<void> {
    const show = (title: string, options: NotificationOptions) =>
      this.#worker.registration.showNotification(title, options);
    await this.#notices.notify(source, notice, show);
  }

  onClick(source: string, listener: (click: NoticeClick) => void): () => void {
    return this.#notices.onClick(source, listener);
  }

  /** Brings a page to the front, and tells the binding. `wake` starts the runtime of an app. */
  async clicked(
    { notification, action }: NotificationEvent,
    wake: (appId: string) => Promise<void>,
  ): Promise<void> {
    const source = this.#notices.sourceOf(notification);
    if (source === undefined) return;
    notification.close();
    const { clients, registration } = this.#worker;
    const [window] = await clients.matchAll({ type: "window" });
    // A browser that does not let us has shown its own window already.
    await (window === undefined ? clients.openWindow(registration.scope) : window.focus()).catch(
      () => undefined,
    );
    await wake(source.slice(0, source.indexOf("/")));
    this.#notices.clicked(notification, action);
  }
}
