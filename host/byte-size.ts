const units: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  k: 1e3,
  M: 1e6,
  G: 1e9,
};

/** Bytes of a quantity such as `4Mi`, `512Ki`, `1M` or `1000`; undefined when it is not one. */
export function parseByteSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|k|M|G)?$/.exec(text);
  if (match === null) return undefined;
  return Math.floor(Number(match[1]) * (match[2] === undefined ? 1 : (units[match[2]] as number)));
}
