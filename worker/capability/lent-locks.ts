/**
 * Two Web Locks for each lent worker, since nothing else tells at once, in every browser, that a page or a service worker is
 * gone: each side holds one, and waits for the other's.
 */
export const hostLock = (name: string) => `${name}:host`;
export const pageLock = (name: string) => `${name}:page`;
