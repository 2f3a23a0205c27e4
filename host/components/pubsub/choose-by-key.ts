/** How well an instance suits a key: the same at every time, and evenly spread. */
function suits(key: string, instance: number): number {
  let hash = Math.imul(instance + 1, 0x9e3779b1);
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  // MurmurHash3's last step: keys that differ in one character go different ways.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Which of several instances has a key (rendezvous hashing): each key stays with its instance while that is there, and
 * only the keys of one that goes or comes move. `number` tells an instance from all others. Undefined without any.
 */
export function chooseByKey<T>(
  key: string,
  instances: Iterable<T>,
  number: (instance: T) => number,
): T | undefined {
  let best: T | undefined;
  let most = -1;
  for (const instance of instances) {
    const score = suits(key, number(instance));
    if (score <= most) continue;
    most = score;
    best = instance;
  }
  return best;
}
