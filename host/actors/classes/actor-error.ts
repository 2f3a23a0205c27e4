/** A call of an actor failed, or what an actor asked of its sidecar. The message is that of whoever refused. */
export class ActorError extends Error {
  constructor(
    message: string,
    /** Of HTTP: 400 to 499 where the call was at fault. */
    readonly status: number,
    readonly errorCode: string | undefined,
  ) {
    super(message);
    this.name = "ActorError";
  }

  /** Of an answer that is no success: its JSON, or what text there is. */
  static of(status: number, text: string): ActorError {
    let told: { readonly errorCode?: unknown; readonly message?: unknown } = {};
    try {
      told = Object(JSON.parse(text));
    } catch {
      // Of something in between, perhaps.
    }
    const { errorCode, message } = told;
    const said = typeof message === "string" ? message : text || `status ${status}`;
    return new ActorError(said, status, typeof errorCode === "string" ? errorCode : undefined);
  }
}
