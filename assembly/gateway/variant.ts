/** What this variant of the gateway has, by its build: what it has not it must not import, so nothing of it is compiled. */

// @ts-ignore: defined by the build
export const HAS_SOCKETS: i32 = SOCKETS;
