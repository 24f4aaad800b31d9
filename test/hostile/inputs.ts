import { seededRandom } from "../../src/measure/random.ts";
import { type CraftedInput, craftedInputs } from "./crafted.ts";
import { below, MUTATIONS, pick } from "./mutations.ts";
import { partsOf } from "./structure.ts";
import { validPictures } from "./valid.ts";

/** One thing that somebody might upload. */
export interface HostileInput {
  /** The family: what is attacked, for the summary. */
  readonly kind: string;
  /** Enough to make the same input again, with the seed. */
  readonly name: string;
  readonly bytes: Buffer;
  /** Set for a decompression bomb: how to make it again. */
  readonly heavy?: CraftedInput;
}

/**
 * The crafted inputs, then (with `withSlow`) every valid picture cut at each of its structures, then mutations of
 * valid pictures until there are `count`. The same seed gives the same inputs in the same order.
 *
 * @param withSlow also those crafted inputs that take seconds to make, and the cuts
 * @param like     only those whose name contains this
 */
export async function* hostileInputs(
  seed: number,
  count: number,
  withSlow: boolean,
  like = "",
): AsyncGenerator<HostileInput> {
  const random = seededRandom(seed);
  const isWanted = ([name]: readonly [string, unknown]) => name.toLowerCase().includes(like.toLowerCase());
  const valid = await validPictures();
  let made = 0;
  for (const input of craftedInputs(valid)) {
    if (made >= count) return;
    if ((input.slow && !withSlow) || !isWanted([input.name, input])) continue;
    const { kind, name, make } = input;
    const heavy = kind === "decompression bomb" ? { heavy: input } : {};
    yield { kind, name, bytes: await make(), ...heavy };
    made++;
  }
  if (withSlow) {
    for (const cut of cutsAtStructures(Object.fromEntries(Object.entries(valid).filter(isWanted)))) {
      if (made >= count) return;
      yield cut;
      made++;
    }
  }
  const pictures = Object.entries(valid).filter(isWanted);
  const mutations = Object.entries(MUTATIONS);
  for (; made < count; made++) {
    const [picture, bytes] = pick(pictures, random);
    const [kind, mutate] = pick(mutations, random);
    let mutated = mutate(bytes, random);
    // One in four is broken twice: the second break is reached only when the first one was survived.
    if (below(4, random) === 0) mutated = twice(mutated, random);
    yield { kind, name: `${kind} of ${picture} (number ${made})`, bytes: mutated };
  }
}

/** Every valid picture, cut before, within and behind each of its structures. */
function* cutsAtStructures(valid: Readonly<Record<string, Buffer>>): Generator<HostileInput> {
  for (const [picture, bytes] of Object.entries(valid)) {
    const cuts = partsOf(bytes).flatMap(({ start, end }) => [start, start + 1, (start + end) >> 1, end - 1]);
    for (const cut of new Set(cuts)) {
      const name = `${picture} cut at ${cut}`;
      yield { kind: "truncation at every structure", name, bytes: bytes.subarray(0, cut) };
    }
  }
}

function twice(bytes: Buffer, random: () => number): Buffer {
  const flip = MUTATIONS["bit flips"];
  return flip !== undefined && bytes.length > 0 ? flip(bytes, random) : bytes;
}
