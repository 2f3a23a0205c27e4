export const STORE = "statestore";

/** Keys of one index. Its name holds no slash, so no index reaches into another's. */
export class Keys {
  constructor(private readonly index: string) {}

  get totals(): string {
    return "totals/" + this.index;
  }

  document(id: string): string {
    return "document/" + this.index + "/" + id;
  }

  word(word: string): string {
    return "word/" + this.index + "/" + word;
  }
}
