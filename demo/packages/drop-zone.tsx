import { signal } from "@preact/signals";
import { fetchPackage } from "daprlet/packages";
import { chosen, dropped } from "./dropped.ts";
import { consider, session } from "./session.ts";

const over = signal(false);

/** Served beside this page. */
const shipped = ["hello", "primes", "mandelbrot", "image-resize", "detect"];

function choose({ currentTarget }: { readonly currentTarget: HTMLInputElement }): void {
  const files = [...(currentTarget.files ?? [])];
  currentTarget.value = "";
  if (files.length > 0) void consider(chosen(files));
}

/** The whole page takes what is dropped: a browser would open what misses a part of it. */
export function acceptDrops(): void {
  window.addEventListener("dragover", (event) => {
    event.preventDefault();
    over.value = true;
  });
  window.addEventListener("dragleave", () => {
    over.value = false;
  });
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    over.value = false;
    if (event.dataTransfer !== null) void consider(dropped(event.dataTransfer));
  });
}

const offer = (name: string) => void consider(fetchPackage(new URL(`../shipped/${name}/`, location.href)));

/** Where packages come from: a folder or a packed file of the user's, and some that are served here. */
export function DropZone() {
  return (
    <section class={over.value ? "drop over" : "drop"}>
      <h2>Drop a package here</h2>
      <p class="chips">
        <label class="button">
          Choose a packed file
          <input type="file" accept=".tgz,.gz" onChange={choose} data-testid="file" />
        </label>
        <label class="button">
          Choose a folder
          <input type="file" {...{ webkitdirectory: true }} onChange={choose} data-testid="folder" />
        </label>
        {shipped.map((name) => (
          <button key={name} type="button" onClick={() => offer(name)}>
            {name}
          </button>
        ))}
        <button type="button" class="hostile" onClick={() => offer("hostile")}>
          hostile
        </button>
      </p>
      {session.refusal.value !== undefined && (
        <p class="failure" data-testid="refusal">
          {session.refusal.value}
        </p>
      )}
      <p class="hint">
        <code>daprlet capability new greeter</code> makes a folder to begin with, <code>pack</code> one file
        of it. Those named here are shipped; the last one means no good.
      </p>
    </section>
  );
}
