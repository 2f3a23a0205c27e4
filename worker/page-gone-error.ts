/** The page has gone, or its app cannot be reached through this connection any more. */
export class PageGoneError extends Error {
  /** `taken`: the page had begun the invocation, so it must not be given to another one. */
  constructor(readonly taken: boolean) {
    super("the tab was closed or reloaded");
    this.name = "PageGoneError";
  }
}
