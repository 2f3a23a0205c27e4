import { NONE } from "./records.gen";
import { head } from "./table";
import { readEnvironment, variable } from "./wasi/environment";

/** True where the environment was read for this request. */
let known: bool = false;

/** Where the pair of place and length of the last secret lies. */
let found: usize = 0;

/** Forgets what belonged to the request before. */
export function beginSecrets(): void {
  known = false;
}

/** True where there is such a secret, whose value is told by the functions below. One that is missing is no empty one. */
export function findSecret(index: u16): bool {
  // @ts-ignore: constants of the build
  if (!(SOCKETS || FOLDER) || index == NONE) return false;
  if (!known) {
    readEnvironment();
    known = true;
  }
  const secret = head().secret(index);
  found = variable(secret.variable, secret.variableLength);
  return found != 0;
}

// @ts-ignore: decorator
@inline
export function secretText(): usize {
  return load<usize>(found);
}

// @ts-ignore: decorator
@inline
export function secretLength(): i32 {
  return load<i32>(found, 4);
}
