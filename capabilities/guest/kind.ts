/** The first word of a message. */
export const enum Kind {
  Request = 1,
  Answer = 2,
  Calls = 3,
  Results = 4,
}
