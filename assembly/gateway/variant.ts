/** What this variant of the gateway has, by its build: what it has not it must not import, so nothing of it is compiled. */

// @ts-ignore: defined by the build
export const HAS_SOCKETS: i32 = SOCKETS;
// @ts-ignore: defined by the build
export const HAS_FOLDER: i32 = FOLDER;
/** A command beside the server: it reads the environment, as secrets do. */
export const HAS_SCRIPT: i32 = HAS_SOCKETS | HAS_FOLDER;
/** Publishing, and actors found on the ring: who passes calls on alone has a smaller file without. */
export const HAS_EVENTS: i32 = HAS_FOLDER;
export const HAS_ACTORS: i32 = HAS_FOLDER;
/** Guests of packages, composed into the file when it is built. */
// @ts-ignore: defined by the build
export const HAS_PACKAGES: i32 = PACKAGES;
