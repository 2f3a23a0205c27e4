import type { BrowserContext, Page } from "playwright/test";
import { open, type Site } from "./fixtures.ts";

/** What the actors of one tab have been asked, as the tab itself saw it. */
declare global {
  interface Window {
    told: string[];
  }
}

/** A tab that hosts counters. */
export async function hosting(context: BrowserContext, site: Site): Promise<Page> {
  const tab = await context.newPage();
  await open(tab, site.url, { appId: "town" });
  await tab.evaluate(async () => {
    window.told = [];
    type Actor = {
      state: { get(key: string): Promise<unknown>; set(key: string, value: unknown): void };
    } & Record<
      string,
      // biome-ignore lint/suspicious/noExplicitAny: what a page's own classes are given
      any
    >;
    class Counter {
      constructor(readonly self: Actor) {}
      /** Once for each caller's own id of the call, however often it comes. */
      async add(by: number, call: string) {
        const { state } = this.self;
        const calls = ((await state.get("calls")) ?? []) as string[];
        if (calls.includes(call)) return await state.get("value");
        const value = (((await state.get("value")) ?? 0) as number) + by;
        state.set("value", value);
        state.set("calls", [...calls, call]);
        return value;
      }
      async value() {
        return (await this.self.state.get("value")) ?? 0;
      }
      async slowly() {
        await new Promise((resolve) => setTimeout(resolve, 200));
        this.self.state.set("value", 1);
        window.told.push(`slowly ${this.self.id}`);
      }
      async camp() {
        await this.self.timers.set("tick", { period: 100, callback: "tick" });
        await this.self.reminders.set("wake", { dueTime: "1s", period: "1s" });
      }
      tick() {
        window.told.push(`tick ${this.self.id}`);
      }
      onReminder(name: string) {
        window.told.push(`reminder ${name} ${this.self.id}`);
      }
    }
    const served = await window.daprlet.serve({ appId: "town", actors: { Counter } });
    Object.assign(window, { served });
  });
  return tab;
}

/** Adds one to each of the counters, from a page that hosts none, and asks again where that failed; answers what they say. */
export async function addToAll(page: Page, round: string, count: number): Promise<number[]> {
  return await page.evaluate(
    async ([name, ids]) => {
      const add = async (id: number) => {
        for (;;) {
          const answer = await fetch(`/v1.0/actors/Counter/${id}/method/add`, {
            method: "POST",
            body: JSON.stringify([1, name]),
          });
          if (answer.ok) return await answer.json();
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      };
      return await Promise.all(Array.from({ length: ids as number }, (_, id) => add(id)));
    },
    [round, count] as const,
  );
}
