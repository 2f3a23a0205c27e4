/** What this variant of the gateway has, by its build: what it has not it must not import, so nothing of it is compiled. */

// @ts-ignore: defined by the build
export const HAS_SOCKETS: i32 = SOCKETS;
// @ts-ignore: defined by the build
export const HAS_FOLDER: i32 = FOLDER;
/** A command beside the server: it reads the environment, as secrets do. */
export const HAS_SCRIPT: i32 = HAS_SOCKETS | HAS_FOLDER;
/** Publishing: the smallest variant stays small. */
export const HAS_EVENTS: i32 = HAS_SCRIPT;
/** Actors: found on the ring, which the smallest variant does without as well. */
export const HAS_ACTORS: i32 = HAS_SCRIPT;
/** Guests of packages, composed into the file when it is built. */
// @ts-ignore: defined by the build
export const HAS_PACKAGES: i32 = PACKAGES;
