import type { RequestOptions } from "../hosts/host.ts";
import type { Subject } from "../hosts/subject.ts";
import type { ProgrammedAnswer, Recorded } from "./app.ts";

/** Calls of one host's actors, and what its app has to say of them. */
export function actorCalls(on: Subject) {
  const pathOf = (type: string, id: string, method: string) => `/actors/${type}/${id}/method/${method}`;
  const call = (type: string, id: string, method: string, options: RequestOptions = {}) =>
    on.fetch(`/v1.0${pathOf(type, id, method)}`, { method: "POST", body: "", ...options });
  return {
    call,
    /** Of the app's echo: what it was called with. */
    seen: (answer: { readonly json: unknown }) => answer.json as Recorded,
    /** How the app answers the next calls of an actor's method. */
    program: (type: string, id: string, method: string, ...answers: ProgrammedAnswer[]) =>
      on.app.program(pathOf(type, id, method), ...answers),
    /** Lets the app answer what it holds of an actor's method. */
    release: (type: string, id: string, method: string) => on.app.release(pathOf(type, id, method)),
    /** What the app was called with, in order. */
    recorded: (type: string, id: string, method: string) => on.app.recorded(pathOf(type, id, method)),
    /** Waits for the app to have been called that often. */
    until: (type: string, id: string, method: string, count: number) =>
      on.app.until(pathOf(type, id, method), count),
    /** Makes an actor active, and resolves to the path of what it has. */
    async activate(type = "Plain", id = on.key("actor")) {
      await call(type, id, "activate");
      return `/v1.0/actors/${type}/${id}`;
    },
  };
}
