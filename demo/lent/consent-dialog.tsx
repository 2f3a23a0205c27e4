import type { ShownProject } from "daprlet/lent";
import { lend, session } from "./session.ts";

function close(): void {
  session.asking.value = undefined;
}

/** What a visitor is asked before anything of a project is fetched. */
export function ConsentDialog({ project }: { readonly project: ShownProject }) {
  const { title, package: pack } = project;
  return (
    <dialog
      class="consent"
      aria-labelledby="consent-title"
      ref={(dialog) => {
        if (dialog?.isConnected && !dialog.open) dialog.showModal();
      }}
      onCancel={close}
    >
      <h2 id="consent-title">Lend this tab to “{title}”?</h2>
      <ul>
        <li>
          It runs the package <code>{pack.name}</code>, which has this hash and no other:{" "}
          <code class="hash">{pack.sha256}</code>
        </li>
        <li>
          The package computes, and gets nothing else: no network, no storage, no page. It has at most{" "}
          {pack.limits.memory.replace(/(?=[KM]i)/, " ")}B of memory and {pack.limits.timeMs / 1_000} s for a
          unit, one unit at a time.
        </li>
        <li>
          What it computes is sent to the project under the name <b>{session.visitor}</b>, and counts once
          another visitor has the same.
        </li>
        <li>Stop whenever you like, or close the tab: the unit under way is another one's at once.</li>
      </ul>
      <p class="chips">
        <button type="button" class="primary" onClick={() => lend(project)}>
          Lend this tab
        </button>
        <button type="button" onClick={close}>
          No
        </button>
      </p>
    </dialog>
  );
}
