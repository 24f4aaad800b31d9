import { seededRandom } from "../../src/measure/random.ts";
import { craftedInputs } from "./crafted.ts";
import { below, MUTATIONS, pick } from "./mutations.ts";
import { validPictures } from "./valid.ts";

/** One thing that somebody might upload. */
export interface HostileInput {
  /** What is attacked, for the summary. */
  readonly kind: string;
  /** Enough to make the same input again, with the seed. */
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * The crafted inputs, then mutations of valid pictures until there are `count`. The same seed gives the
 * same inputs in the same order.
 *
 * @param withSlow also those crafted inputs that take seconds to make
 */
export async function* hostileInputs(
  seed: number,
  count: number,
  withSlow: boolean,
): AsyncGenerator<HostileInput> {
  const random = seededRandom(seed);
  const valid = await validPictures();
  const crafted = craftedInputs(valid).filter((input) => withSlow || !input.slow);
  for (const { kind, name, make } of crafted.slice(0, count)) yield { kind, name, bytes: await make() };

  const pictures = Object.entries(valid);
  const mutations = Object.entries(MUTATIONS);
  for (let index = crafted.length; index < count; index++) {
    const [picture, bytes] = pick(pictures, random);
    const [kind, mutate] = pick(mutations, random);
    let mutated = mutate(bytes, random);
    // One in four is broken twice: the second break is reached only when the first one was survived.
    if (below(4, random) === 0) mutated = twice(mutated, random);
    yield { kind, name: `${kind} of ${picture} (number ${index})`, bytes: mutated };
  }
}

function twice(bytes: Buffer, random: () => number): Buffer {
  const flip = MUTATIONS["bit flips"];
  return flip !== undefined && bytes.length > 0 ? flip(bytes, random) : bytes;
}
