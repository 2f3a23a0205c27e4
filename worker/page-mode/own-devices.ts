import { ComponentError } from "../../host/errors/component-error.ts";
import type { PageDevices } from "../components/page-devices.ts";
import { Notices } from "../notices.ts";

/** How components reach the user where they run in the page itself. */
export function ownDevices(window: Window & typeof globalThis): PageDevices {
  const notices = new Notices();
  return {
    async ask(_, request) {
      const { answerDevice } = await import("../client-devices.ts");
      const answer = await answerDevice(request);
      if (answer.error !== undefined) throw new ComponentError(answer.error.code, answer.error.message);
      return answer;
    },
    notify: (source, notice) =>
      notices.notify(source, notice, async (title, options) => {
        const shown = new window.Notification(title, options);
        shown.onclick = () => {
          window.focus();
          notices.clicked(shown, "");
        };
      }),
    onClick: (source, listener) => notices.onClick(source, listener),
  };
}
