import { Kind } from "./kind";
import { Step } from "./step";
import { Writer } from "./writer";

/** The answer to a request. */
export class Answer extends Step {
  private readonly writer: Writer = new Writer();

  constructor(status: i32 = 200) {
    super();
    this.writer.text(":status", status.toString());
  }

  static text(value: string): Answer {
    return new Answer().header("content-type", "text/plain; charset=utf-8").body(value);
  }

  static json(value: string, status: i32 = 200): Answer {
    return new Answer(status).header("content-type", "application/json").body(value);
  }

  static bytes(value: Uint8Array, contentType: string = "application/octet-stream"): Answer {
    return new Answer().header("content-type", contentType).data(value);
  }

  /** A refusal. The code is one of Dapr's, or the package's own in their form: `ERR_…`. */
  static error(status: i32, code: string, message: string): Answer {
    const answer = new Answer(status);
    answer.writer.text(":error", code);
    return answer.body(message);
  }

  /** Of a middleware: the request goes on, with the headers and the body that are given, where they are. */
  static next(): Answer {
    const answer = new Answer();
    answer.writer.text(":next", "true");
    return answer;
  }

  /** Begins one of several parts, as of `bulkGet`: the fields that follow are its own. */
  item(what: string): Answer {
    this.writer.text(":item", what);
    return this;
  }

  header(name: string, value: string): Answer {
    this.writer.text(name, value);
    return this;
  }

  body(value: string): Answer {
    this.writer.text(":body", value);
    return this;
  }

  data(value: Uint8Array): Answer {
    this.writer.bytes(":body", value);
    return this;
  }

  kind(): Kind {
    return Kind.Answer;
  }

  message(): Writer {
    return this.writer;
  }
}
