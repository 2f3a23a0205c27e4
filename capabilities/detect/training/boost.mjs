const BINS = 48;

/** Numbers of the features as bins between what all but a few of them lie. */
export class Binned {
  constructor(samples, features) {
    this.features = features;
    this.count = samples.length;
    this.low = new Float32Array(features);
    this.step = new Float32Array(features);
    this.bins = new Uint8Array(features * samples.length);
    const column = new Float32Array(samples.length);
    for (let f = 0; f < features; f++) {
      for (let i = 0; i < samples.length; i++) column[i] = samples[i][f];
      const sorted = column.slice().sort();
      this.low[f] = sorted[Math.floor(samples.length * 0.005)];
      const high = sorted[Math.floor(samples.length * 0.995)];
      this.step[f] = Math.max((high - this.low[f]) / BINS, 1e-6);
      for (let i = 0; i < samples.length; i++) {
        const bin = Math.floor((column[i] - this.low[f]) / this.step[f]);
        this.bins[f * samples.length + i] = Math.min(Math.max(bin, 0), BINS - 1);
      }
    }
  }
}

/**
 * Gentle AdaBoost over stumps: each asks one feature, and adds one of two numbers. `labels` are 1 and -1. Answers the stumps
 * in their order: `{ feature, threshold, above, below }`.
 */
export function boost(samples, labels, rounds, features) {
  const binned = new Binned(samples, features);
  const count = samples.length;
  const positives = labels.filter((label) => label > 0).length;
  const weights = Float64Array.from(labels, (label) => 0.5 / (label > 0 ? positives : count - positives));
  const stumps = [];
  const weighted = new Float64Array(BINS);
  const total = new Float64Array(BINS);
  for (let round = 0; round < rounds; round++) {
    let best = { error: Number.POSITIVE_INFINITY };
    let [sumAll, weightAll] = [0, 0];
    for (let i = 0; i < count; i++) {
      sumAll += weights[i] * labels[i];
      weightAll += weights[i];
    }
    for (let f = 0; f < features; f++) {
      weighted.fill(0);
      total.fill(0);
      const base = f * count;
      for (let i = 0; i < count; i++) {
        const bin = binned.bins[base + i];
        weighted[bin] += weights[i] * labels[i];
        total[bin] += weights[i];
      }
      let [sum, weight] = [0, 0];
      for (let bin = 0; bin < BINS - 1; bin++) {
        sum += weighted[bin];
        weight += total[bin];
        if (weight < 1e-9 || weightAll - weight < 1e-9) continue;
        const error = -(sum * sum) / weight - (sumAll - sum) ** 2 / (weightAll - weight);
        if (error < best.error) {
          best = {
            error,
            feature: f,
            bin,
            below: sum / weight,
            above: (sumAll - sum) / (weightAll - weight),
          };
        }
      }
    }
    const { feature, bin, below, above } = best;
    stumps.push({ feature, threshold: binned.low[feature] + binned.step[feature] * (bin + 1), above, below });
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const says = binned.bins[feature * count + i] > bin ? above : below;
      weights[i] *= Math.exp(-labels[i] * says);
      sum += weights[i];
    }
    for (let i = 0; i < count; i++) weights[i] /= sum;
  }
  return stumps;
}

/** What the stumps say together of a window's features; -Infinity where one of their limits ended it. */
export function score(stumps, at) {
  let sum = 0;
  for (const { feature, threshold, above, below, limit = Number.NEGATIVE_INFINITY } of stumps) {
    sum += at(feature) > threshold ? above : below;
    if (sum < limit) return Number.NEGATIVE_INFINITY;
  }
  return sum;
}

/** Gives each stump the sum below which a window is given up, so that of these samples nearly all stay. */
export function limited(stumps, samples, lost = 0.003) {
  const sums = new Float64Array(samples.length);
  const alive = new Set(samples.keys());
  return stumps.map((stump, round) => {
    const present = [];
    for (const i of alive) {
      sums[i] += samples[i][stump.feature] > stump.threshold ? stump.above : stump.below;
      present.push(sums[i]);
    }
    // The few that are lost are lost by and by.
    present.sort((a, b) => a - b);
    const share = (lost * (round + 1)) / stumps.length;
    const limit = present[Math.floor(samples.length * share * 0.5)] - 1.5;
    for (const i of alive) if (sums[i] < limit) alive.delete(i);
    return { ...stump, limit };
  });
}
