/** What a thrown value says of itself, for logs and answers: anything can be thrown, not only an Error. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
