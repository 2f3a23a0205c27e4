import { Call } from "./call";
import { Kind } from "./kind";
import { Result } from "./result";
import { Writer } from "./writer";

/** What a handler comes to: an {@link Answer}, or calls that it needs first. */
export abstract class Step {
  /** @internal */
  abstract kind(): Kind;
  /** @internal */
  abstract message(): Writer;
}

/**
 * Work that goes on when its calls have been made. A field holds what `resume` needs: there are no closures.
 *
 *     class Greet extends Task {
 *       resume(results: Result[]): Step {
 *         return Answer.text(results[0].text);
 *       }
 *     }
 *     serve((request) => new Greet().ask([Call.stateGet("store", "greeting")]));
 */
export abstract class Task {
  /** Goes on with the results, in the order of the calls. */
  abstract resume(results: Result[]): Step;

  /** The step that makes calls, together, and resumes here. */
  ask(calls: Call[]): Step {
    return new Asking(calls, this);
  }
}

/** Calls, and what goes on with their results. */
export class Asking extends Step {
  constructor(
    private readonly calls: Call[],
    readonly task: Task,
  ) {
    super();
  }

  kind(): Kind {
    return Kind.Calls;
  }

  message(): Writer {
    const writer = new Writer();
    for (let i = 0; i < this.calls.length; i++) writer.append(this.calls[i].writer);
    return writer;
  }
}
