import type { ActorContext } from "daprlet/actors";

/** The work itself: answers true once it is done. It may be asked again, and must then not begin anew. */
export type Work = (id: string) => Promise<boolean>;

/**
 * A job that a reminder keeps checking until it is done: whoever starts it does not wait, and whoever dies in between is
 * not missed, because the reminder wakes the job wherever it lives next.
 */
export function jobOf(work: Work) {
  return class Job {
    readonly #actor: ActorContext;

    constructor(actor: ActorContext) {
      this.#actor = actor;
    }

    /** Starts the job; asked again, as an event that comes twice does, it changes nothing. */
    async start(): Promise<void> {
      if (await this.#actor.state.has("status")) return;
      await this.#actor.reminders.set("keepsChecking", { dueTime: "0s", period: "1s" });
      this.#actor.state.set("status", "running");
    }

    async status(): Promise<"unknown" | "running" | "done"> {
      return (await this.#actor.state.get("status")) ?? "unknown";
    }

    async onReminder(): Promise<void> {
      const running = (await this.#actor.state.get("status")) === "running";
      if (running && (await work(this.#actor.id))) {
        this.#actor.state.set("status", "done");
        await this.#actor.reminders.delete("keepsChecking");
      }
    }
  };
}
