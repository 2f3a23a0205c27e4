import { Call } from "./call";

/** Calls of the actor whose turn it is: what it keeps is its own, and nobody else's can be named. */
export class ActorCall {
  static stateGet(key: string): Call {
    return new Call("actor.state.get").with("key", key);
  }

  /** A value is JSON or text; bytes go into base64. */
  static stateSet(key: string, value: string): Call {
    return new Call("actor.state.set").with("key", key).text(value);
  }

  static stateDelete(key: string): Call {
    return new Call("actor.state.delete").with("key", key);
  }

  /** Operations as JSON, in the form of Dapr's for actors: a list. */
  static stateTransaction(operations: string): Call {
    return new Call("actor.state.transaction").text(operations);
  }

  /** A reminder outlives instances: `{"dueTime":"1m","period":"20s","data":…}` as JSON. */
  static reminder(name: string, schedule: string): Call {
    return new Call("actor.reminder.set").with("name", name).text(schedule);
  }

  static noReminder(name: string): Call {
    return new Call("actor.reminder.delete").with("name", name);
  }

  /** A timer ends with the actor's activation. */
  static timer(name: string, schedule: string): Call {
    return new Call("actor.timer.set").with("name", name).text(schedule);
  }

  static noTimer(name: string): Call {
    return new Call("actor.timer.delete").with("name", name);
  }

  /** Another actor's method, where calling its type was granted. */
  static invoke(type: string, id: string, method: string): Call {
    return new Call("actor.invoke").with("type", type).with("id", id).with("method", method);
  }
}
