import { session } from "./session.ts";
import { openAnother, standStill } from "./tab.ts";

const frozenMs = 10_000;

export function Controls() {
  const { frozen, rate } = session;
  const freeze = () => {
    frozen.value = true;
    standStill(frozenMs);
    setTimeout(() => (frozen.value = false), frozenMs);
  };
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
