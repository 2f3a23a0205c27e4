/** A call of a guest that is refused, or makes no sense: the guest is told, and goes on. */
export class CallRefused extends Error {
  constructor(
    readonly status: 400 | 403,
    message: string,
  ) {
    super(message);
    this.name = "CallRefused";
  }
}
