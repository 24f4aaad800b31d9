import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FilterBank } from "../../../src/models/convert/filters.ts";
import { exactFilters, fastFilters, limitAdjacentPairs } from "../../../src/models/convert/weights.ts";
import { randomNumbers } from "../network.ts";

/** Filters whose values `q - zeroPoint` span `±spread` at random, mostly small as trained weights are. */
function randomBank(seed: number, outChannels: number, filterSize: number, spread: number): FilterBank {
  const random = randomNumbers(seed);
  const draw = () => Math.round(spread * (2 * random() - 1) ** 3);
  return {
    ...{ outChannels, kernelH: 1, kernelW: 1, inChannels: filterSize, zeroPoint: -20, perChannel: false },
    values: Int16Array.from({ length: outChannels * filterSize }, draw),
    scales: new Float32Array(outChannels).fill(0.01),
  };
}

/** What an AVX2 kernel without VNNI adds up in an int16 for one pair, at its worst. */
function worstPairSums(first: number, second: number): [number, number] {
  const positive = Math.max(first, 0) + Math.max(second, 0);
  const negative = Math.max(-first, 0) + Math.max(-second, 0);
  return [255 * positive, 255 * negative];
}

describe("fast weights", () => {
  test("no pair of adjacent weights can saturate an int16, whatever the filters", () => {
    for (const [seed, spread] of [60, 127, 180, 255].entries()) {
      for (const filterSize of [1, 2, 27, 64, 255]) {
        const bank = randomBank(seed, 16, filterSize, spread);
        const { weights } = fastFilters(bank, new Int32Array(16), "even");
        for (let channel = 0; channel < 16; channel++) {
          const filter = weights.subarray(channel * filterSize, (channel + 1) * filterSize);
          for (let index = 0; index + 1 < filterSize; index += 2) {
            const [positive, negative] = worstPairSums(filter[index] ?? 0, filter[index + 1] ?? 0);
            assert.ok(positive <= 32_767 && negative <= 32_768, `${filter[index]}, ${filter[index + 1]}`);
          }
        }
      }
    }
  });

  test("where three channels may be padded to four, every two neighbours are limited", () => {
    const { weights } = fastFilters(randomBank(3, 32, 27, 255), new Int32Array(32), "all");
    for (let index = 0; index + 1 < weights.length; index++) {
      if (index % 27 === 26) continue;
      const [positive, negative] = worstPairSums(weights[index] ?? 0, weights[index + 1] ?? 0);
      assert.ok(positive <= 32_767 && negative <= 32_768, `${weights[index]}, ${weights[index + 1]}`);
    }
  });

  test("every pair of int8 weights is limited, moves the least it can and keeps its signs", () => {
    for (let first = -128; first <= 127; first++) {
      for (let second = -128; second <= 127; second++) {
        const pair = Int8Array.of(first, second);
        limitAdjacentPairs(pair, "even");
        const [a = 0, b = 0] = pair;
        const [positive, negative] = worstPairSums(a, b);
        assert.ok(positive <= 32_767 && negative <= 32_768, `${first}, ${second} → ${a}, ${b}`);
        const excess = first > 0 === second > 0 ? Math.max(0, Math.abs(first + second) - 128) : 0;
        assert.equal(Math.abs(a - first) + Math.abs(b - second), excess);
        assert.ok(Math.abs(Math.abs(a - first) - Math.abs(b - second)) <= 1);
        assert.ok(a * first >= 0 && b * second >= 0);
      }
    }
  });

  test("filters that fit keep their scale, their bits and their bias", () => {
    const bank = randomBank(7, 8, 32, 64);
    const bias = Int32Array.from({ length: 8 }, (_, index) => 1000 * index - 3000);
    const fast = fastFilters(bank, bias, "even");
    assert.deepEqual(Array.from(fast.weights), Array.from(bank.values));
    assert.deepEqual(fast.scales, bank.scales);
    assert.deepEqual(fast.bias, bias);
  });

  test("zero points are 0 and no weight is -128, so that symmetric kernels take them", () => {
    const { weights, zeroPoints } = fastFilters(randomBank(8, 8, 65, 255), new Int32Array(8), "even");
    assert.ok(zeroPoints.every((zeroPoint) => zeroPoint === 0));
    assert.ok(weights.every((weight) => weight >= -127));
  });

  test("a filter out of int8's range gets a coarser scale, and bias and weights keep their real values", () => {
    const bank = randomBank(9, 4, 64, 255);
    const bias = Int32Array.of(50_000, -50_000, 123_456, 0);
    const fast = fastFilters(bank, bias, "even");
    for (let channel = 0; channel < 4; channel++) {
      const scale = fast.scales[channel] ?? 0;
      assert.ok(scale > 0.01 && scale <= 0.041, `${scale}`);
      assert.ok(Math.abs((fast.bias[channel] ?? 0) * scale - (bias[channel] ?? 0) * 0.01) <= scale);
      const error = [...bank.values.subarray(channel * 64, (channel + 1) * 64)].map(
        (value, index) => (fast.weights[channel * 64 + index] ?? 0) * scale - value * 0.01,
      );
      const rootMeanSquare = Math.sqrt(error.reduce((sum, value) => sum + value ** 2, 0) / 64);
      assert.ok(rootMeanSquare < scale, `error ${rootMeanSquare} at scale ${scale}`);
    }
  });

  test("a pair of two large weights is re-scaled rather than cut in half", () => {
    const bank: FilterBank = {
      ...{ outChannels: 1, kernelH: 1, kernelW: 1, inChannels: 4, zeroPoint: 0, perChannel: false },
      ...{ values: Int16Array.of(120, 118, 6, -40), scales: Float32Array.of(1) },
    };
    const { weights, scales } = fastFilters(bank, new Int32Array(1), "even");
    const real = Array.from(weights, (weight) => weight * (scales[0] ?? 0));
    for (const [index, value] of bank.values.entries()) assert.ok(Math.abs((real[index] ?? 0) - value) <= 1);
  });

  test("depthwise filters are not limited", () => {
    const bank = randomBank(10, 8, 9, 127);
    bank.values.set([127, 127], 0);
    const { weights } = fastFilters(bank, new Int32Array(8), "none");
    assert.deepEqual(Array.from(weights), Array.from(bank.values));
  });
});

describe("exact weights", () => {
  test("are the file's bytes shifted to int8, with the zero point and the one scale of the file", () => {
    const bank = randomBank(11, 4, 16, 100);
    const exact = exactFilters(bank, new Int32Array(4));
    assert.deepEqual(
      Array.from(exact.weights),
      Array.from(bank.values, (value) => value - 20),
    );
    assert.deepEqual([exact.scales.length, exact.zeroPoints[0]], [1, -20]);
  });
});
