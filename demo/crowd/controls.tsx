import { session } from "./session.ts";
import { nodeNumber, openAnother, standStill } from "./tab.ts";

const frozenMs = 10_000;

export function Controls() {
  const { frozen, rate, relay, numbers } = session;
  const freeze = () => {
    frozen.value = true;
    standStill(frozenMs);
    setTimeout(() => (frozen.value = false), frozenMs);
  };
  const onNode = numbers.value?.owners.has(nodeNumber) ?? false;
  // The app on Node is asked as any app is.
  const ask = (method: string) => fetch("/v1.0/invoke/node-app/method/crowd", { method });
  return (
    <p class="chips controls">
      <button type="button" class="primary" onClick={() => openAnother(false)}>
        Open another tab
      </button>
      <button type="button" onClick={() => openAnother(true)}>
        …in a window beside
      </button>
      <button type="button" onClick={freeze} disabled={frozen.value}>
        {frozen.value ? "Frozen for 10 s: look at another tab" : "Freeze this tab for 10 s"}
      </button>
      {relay !== undefined && (
        <button type="button" onClick={() => ask(onNode ? "DELETE" : "POST")}>
          {onNode ? "Stop the Node instance" : "Add a Node instance"}
        </button>
      )}
      <label>
        <input
          type="range"
          min="0"
          max="200"
          step="5"
          value={rate.value}
          onInput={({ currentTarget }) => (rate.value = currentTarget.valueAsNumber)}
        />{" "}
        {rate.value} calls/s from this tab
      </label>
    </p>
  );
}
