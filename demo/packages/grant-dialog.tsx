import { signal } from "@preact/signals";
import type { Ask, PackageFile } from "daprlet/packages";
import { add, session } from "./session.ts";

/** Phrases that were unticked. */
const refused = signal<ReadonlySet<string>>(new Set());

const inMebibytes = (bytes: number) => `${Math.round((bytes / 2 ** 20) * 10) / 10} MiB`;

function toggle({ phrase }: Ask): void {
  const now = new Set(refused.value);
  if (!now.delete(phrase)) now.add(phrase);
  refused.value = now;
}

function close(): void {
  session.asking.value = undefined;
}

/** What a package asks for, in sentences, to be granted or refused one by one. It runs nowhere before. */
export function GrantDialog({ package: { manifest, asks } }: { readonly package: PackageFile }) {
  const { name, version, description, limits } = manifest;
  const before = session.loaded.value.find((one) => one.name === name)?.version;
  const granted = asks.filter(({ phrase }) => !refused.value.has(phrase));
  return (
    <dialog
      class="grant"
      aria-labelledby="grant-title"
      ref={(dialog) => {
        if (dialog?.isConnected && !dialog.open) {
          refused.value = new Set();
          dialog.showModal();
        }
      }}
      onCancel={close}
    >
      <h2 id="grant-title">
        {before === undefined
          ? `Add ${name} ${version}?`
          : `Put ${name} ${version} in the place of ${before}?`}
      </h2>
      <p>{description}</p>
      {asks.length === 0 ? (
        <p>It asks for nothing but to compute.</p>
      ) : (
        <fieldset>
          <legend>It asks to</legend>
          {asks.map((ask) => (
            <label key={ask.phrase}>
              <input type="checkbox" checked={!refused.value.has(ask.phrase)} onChange={() => toggle(ask)} />
              {ask.phrase}
            </label>
          ))}
        </fieldset>
      )}
      <p class="hint">
        It gets at most {inMebibytes(limits.memory)} of memory and {limits.timeMs} ms a call, and runs in a
        worker of its own, which reaches no page, no cookies and no network: what you grant, your sidecar does
        for it.
      </p>
      <p class="chips">
        <button type="button" class="primary" onClick={() => add(granted)}>
          {granted.length === asks.length
            ? "Grant and add"
            : granted.length === 0
              ? "Grant none, and add"
              : `Grant ${granted.length} of ${asks.length}, and add`}
        </button>
        <button type="button" onClick={close}>
          Refuse
        </button>
      </p>
    </dialog>
  );
}
