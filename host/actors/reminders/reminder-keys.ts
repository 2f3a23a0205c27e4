/** One reminder: its name is unique within its actor. */
export interface ReminderName {
  readonly type: string;
  readonly id: string;
  readonly name: string;
}

/** A tick that waits for its time. */
export interface DueTick extends ReminderName {
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** All keys that begin with something, as {@link ActorStore.list} takes them. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

/** As many digits as the last instant of the calendar has. */
const time = (at: number) => String(Math.max(0, at)).padStart(16, "0");

/** Without `|` and in ASCII, so that the order of keys is the same in every store. */
const part = encodeURIComponent;

function range(from: string): KeyRange {
  return { from, to: `${from.slice(0, -1)}}` };
}

/**
 * Where reminders are kept: each one at its own key, and the tick that it waits for at another, which sorts by time
 * within the type. `prefix` is that of all that the actors of an app keep beside their state.
 */
export class ReminderKeys {
  readonly #reminders: string;
  readonly #ticks: string;

  constructor(prefix: string) {
    this.#reminders = `${prefix}reminder||`;
    this.#ticks = `${prefix}tick||`;
  }

  reminder({ type, id, name }: ReminderName): string {
    return `${this.#reminders}${part(type)}||${part(id)}||${part(name)}`;
  }

  tick({ type, id, name }: ReminderName, at: number): string {
    return `${this.#ticks}${part(type)}||${time(at)}||${part(id)}||${part(name)}`;
  }

  /** Of one actor, or of all of the type. */
  reminders(type: string, id?: string): KeyRange {
    const ofType = `${this.#reminders}${part(type)}||`;
    return range(id === undefined ? ofType : `${ofType}${part(id)}||`);
  }

  /** Of a type, due then or later. */
  ticks(type: string, at: number): KeyRange {
    const all = `${this.#ticks}${part(type)}||`;
    return { from: all + time(at), to: range(all).to };
  }

  /** The range behind a key of it. */
  after(key: string, { to }: KeyRange): KeyRange {
    // Lower than any character that a part is written with.
    return { from: `${key} `, to };
  }

  parseReminder(key: string): ReminderName {
    const [type = "", id = "", name = ""] = key
      .slice(this.#reminders.length)
      .split("||")
      .map(decodeURIComponent);
    return { type, id, name };
  }

  parseTick(key: string): DueTick {
    const parts = key.slice(this.#ticks.length).split("||").map(decodeURIComponent);
    const [type = "", at, id = "", name = ""] = parts;
    return { type, id, name, at: Number(at) };
  }
}
