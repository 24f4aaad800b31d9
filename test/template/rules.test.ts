import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultFormats } from "../../src/function/image-format.ts";
import { worstCaseBytes } from "../../src/function/memory.ts";
import { type Fields, fields, list, parameters, template, type Value } from "./read.ts";

type Given = Readonly<Record<string, string | number>>;

/** Evaluates a condition of the `Rules` section with the functions that CloudFormation documents for it. */
function evaluate(value: Value | undefined, given: Given): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const [[name, argument] = []] = Object.entries(value as Fields);
  const operands = () => list(argument).map((operand) => evaluate(operand, given));
  switch (name) {
    case "Ref":
      return String(given[String(argument)] ?? fields(parameters[String(argument)]).Default);
    case "Fn::Equals": {
      const [left, right] = operands();
      return left === right;
    }
    case "Fn::Contains": {
      const [texts, text] = operands();
      return (texts as unknown[]).includes(text);
    }
    case "Fn::Not":
      return !operands()[0];
    case "Fn::And":
      return operands().every(Boolean);
    case "Fn::Or":
      return operands().some(Boolean);
    default:
      throw new TypeError(`${name} is no function of Rules`);
  }
}

/** The descriptions of the assertions that refuse these parameters. */
function refusals(given: Given): string[] {
  return Object.values(fields(template.Rules)).flatMap((rule) => {
    const { RuleCondition, Assertions } = fields(rule);
    if (RuleCondition !== undefined && evaluate(RuleCondition, given) !== true) return [];
    return list(Assertions)
      .map((assertion) => fields(assertion))
      .filter(({ Assert }) => evaluate(Assert, given) !== true)
      .map(({ AssertDescription }) => String(AssertDescription));
  });
}

test("the defaults break no rule", () => {
  assert.deepEqual(refusals({}), []);
});

test("a batch of more than ten without a window is refused, as Lambda would", () => {
  for (const BatchSize of [1, 10]) assert.deepEqual(refusals({ BatchingWindowSeconds: 0, BatchSize }), []);
  for (const BatchSize of [11, 100]) {
    assert.match(String(refusals({ BatchingWindowSeconds: 0, BatchSize })), /BatchingWindowSeconds/);
    assert.deepEqual(refusals({ BatchingWindowSeconds: 1, BatchSize }), []);
  }
});

test("concurrency is reserved for both queues' event sources, or none is", () => {
  const allowed = (name: string) => list(fields(parameters[name]).AllowedValues).map(Number);
  for (const MaximumConcurrency of allowed("MaximumConcurrency")) {
    for (const ReservedConcurrency of allowed("ReservedConcurrency")) {
      const fits = ReservedConcurrency === -1 || ReservedConcurrency >= 2 * MaximumConcurrency;
      assert.equal(
        refusals({ MaximumConcurrency, ReservedConcurrency }).length === 0,
        fits,
        `${ReservedConcurrency} for 2 × ${MaximumConcurrency}`,
      );
    }
    // Every concurrency has a reservation to go with it.
    assert.ok(Math.max(...allowed("ReservedConcurrency")) >= 2 * MaximumConcurrency);
  }
});

test("memory that cannot hold the images is refused at deployment as the function refuses it at INIT", () => {
  const number = (name: string) => Number(fields(parameters[name]).Default);
  const others = {
    decodesInFlight: number("DecodesInFlight"),
    fileMemoryMb: number("FileMemoryMb"),
    maxObjectBytes: number("MaxObjectBytes"),
    formats: defaultFormats,
  };
  const allowed = (name: string) => list(fields(parameters[name]).AllowedValues).map(Number);
  for (const MemorySizeMb of allowed("MemorySizeMb")) {
    for (const MaxImagePixels of allowed("MaxImagePixels")) {
      const given = { ...others, memorySizeMb: MemorySizeMb, maxImagePixels: MaxImagePixels };
      const fits = worstCaseBytes(given) <= MemorySizeMb * 2 ** 20;
      const refused = refusals({ MemorySizeMb, MaxImagePixels });
      assert.equal(refused.length === 0, fits, `${MaxImagePixels} pixels in ${MemorySizeMb} MB: ${refused}`);
    }
  }
});
