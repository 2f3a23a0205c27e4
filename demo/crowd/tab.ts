const hues = [255, 45, 150, 325, 95, 205, 15, 285];

/** Of the instance on Node, which is no tab. */
export const nodeNumber = 0;

/** The smallest number that no open tab of this demo has. It is this tab's until it ends, in whatever way. */
export async function takeNumber(): Promise<number> {
  for (let number = 1; ; number++) {
    const taken = await new Promise<boolean>((answered) => {
      void navigator.locks.request(`daprlet crowd ${number}`, { ifAvailable: true }, (lock) => {
        answered(lock !== null);
        return lock === null ? undefined : new Promise<never>(() => undefined);
      });
    });
    if (taken) return number;
  }
}

/** Readable on light and on dark. */
export function colourOf(tab: number): string {
  const hue = hues[tab - 1] ?? (tab * 137.5) % 360;
  return `oklch(0.68 0.15 ${hue})`;
}

/** A tab in a process of its own, so that one that stands still holds up no other. `beside`: in a window. */
export function openAnother(beside: boolean): void {
  window.open(location.href, "_blank", beside ? "noopener,popup,width=720,height=760" : "noopener");
}

/** Nothing runs in this tab for so long, as if its computer had hung. Its face is drawn before. */
export function standStill(ms: number): void {
  requestAnimationFrame(() =>
    setTimeout(() => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    }, 50),
  );
}
