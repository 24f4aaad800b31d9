import type { Expression, Operator } from "./expression.ts";
import type { TimeRange } from "./metric-store.ts";
import {
  constantSeries,
  type Filler,
  fillSeries,
  mapPoints,
  mapValues,
  type Reducer,
  reduceValues,
  type SeriesValue,
  type Value,
} from "./series.ts";

export interface Scope {
  readonly range: TimeRange;
  /** The value of an id of the same widget or alarm; throws when there is none. */
  resolve(id: string): Value;
  /** Every metric that a search expression finds, each under the name that tells it from the others. */
  search(query: string, stat: string): readonly SeriesValue[];
  /** Every metric (not expression) of the widget, for `METRICS()`. */
  metrics(): readonly SeriesValue[];
}

const REDUCERS: Readonly<Record<string, Reducer>> = {
  SUM: (values) => values.reduce((total, value) => total + value, 0),
  AVG: (values) => values.reduce((total, value) => total + value, 0) / values.length,
  MIN: (values) => Math.min(...values),
  MAX: (values) => Math.max(...values),
};

const POINTWISE: Readonly<Record<string, (value: number) => number>> = {
  ABS: Math.abs,
  CEIL: Math.ceil,
  FLOOR: Math.floor,
};

const OPERATORS: Readonly<Record<Operator, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "^": (left, right) => left ** right,
  "==": (left, right) => Number(left === right),
  "!=": (left, right) => Number(left !== right),
  "<": (left, right) => Number(left < right),
  "<=": (left, right) => Number(left <= right),
  ">": (left, right) => Number(left > right),
  ">=": (left, right) => Number(left >= right),
  AND: (left, right) => Number(left !== 0 && right !== 0),
  OR: (left, right) => Number(left !== 0 || right !== 0),
};

/**
 * Evaluates metric math over the periods of the scope. An operation on series has a value only where each
 * operand has one; what is not finite (a division by zero) is a missing point, as in CloudWatch.
 *
 * @throws Error naming the function or id that is not known
 */
export function evaluateExpression(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case "number":
      return { kind: "scalar", value: expression.value };
    case "string":
      return { kind: "string", value: expression.value };
    case "id":
      return scope.resolve(expression.name);
    case "list":
      return { kind: "list", items: expression.items.map((item) => evaluateExpression(item, scope)) };
    case "unary":
      return mapValues([evaluateExpression(expression.operand, scope)], ([value = Number.NaN]) => -value);
    case "binary": {
      const operate = OPERATORS[expression.operator];
      const operands = [
        evaluateExpression(expression.left, scope),
        evaluateExpression(expression.right, scope),
      ];
      return mapValues(operands, ([left = Number.NaN, right = Number.NaN]) => operate(left, right));
    }
    case "call":
      return call(expression.name, expression.args, scope);
  }
}

function call(name: string, argExpressions: readonly Expression[], scope: Scope): Value {
  if (name === "FILL") return fill(argExpressions, scope);
  const args = argExpressions.map((argument) => evaluateExpression(argument, scope));
  const [first, second] = args;
  const reduce = REDUCERS[name];
  if (reduce !== undefined && first !== undefined) return reduceValues(reduce, first);
  const pointwise = POINTWISE[name];
  if (pointwise !== undefined && first !== undefined) {
    return mapValues([first], ([value = Number.NaN]) => pointwise(value));
  }
  switch (name) {
    case "METRICS": {
      const part = first?.kind === "string" ? first.value : "";
      return { kind: "list", items: scope.metrics().filter(({ id }) => id.includes(part)) };
    }
    case "SEARCH":
      if (first?.kind !== "string" || second?.kind !== "string")
        throw new Error("SEARCH expects a search expression and a statistic");
      return { kind: "list", items: scope.search(first.value, second.value) };
    case "IF": {
      if (first === undefined || second === undefined) throw new Error("IF expects a condition and a value");
      return mapValues(args, ([condition, yes = Number.NaN, no = Number.NaN]) =>
        condition !== 0 ? yes : no,
      );
    }
    case "RATE":
      return mapPoints(first, name, ({ timestampsMs, values }, index) => {
        const elapsedMs = (timestampsMs[index] ?? 0) - (timestampsMs[index - 1] ?? 0);
        return index === 0
          ? Number.NaN
          : (((values[index] ?? 0) - (values[index - 1] ?? 0)) * 1000) / elapsedMs;
      });
    case "DIFF":
      return mapPoints(first, name, ({ values }, index) =>
        index === 0 ? Number.NaN : (values[index] ?? 0) - (values[index - 1] ?? 0),
      );
    case "RUNNING_SUM": {
      let total = 0;
      return mapPoints(first, name, ({ values }, index) => {
        total = index === 0 ? (values[0] ?? 0) : total + (values[index] ?? 0);
        return total;
      });
    }
    case "PERIOD":
      if (first?.kind !== "series") throw new Error("PERIOD expects one metric");
      return { kind: "scalar", value: first.periodMs / 1000 };
    case "TIME_SERIES":
      if (first?.kind !== "scalar") throw new Error("TIME_SERIES expects a number");
      return constantSeries(first.value, scope.range);
    default:
      throw new Error(`the metric math function ${name}() is not known to the local dashboard`);
  }
}

function fill([metric, fillerExpression]: readonly Expression[], scope: Scope): Value {
  if (metric === undefined || fillerExpression === undefined)
    throw new Error("FILL expects a metric and a filler");
  return fillSeries(evaluateExpression(metric, scope), readFiller(fillerExpression, scope), scope.range);
}

function readFiller(expression: Expression, scope: Scope): Filler {
  if (expression.kind === "id" && (expression.name === "REPEAT" || expression.name === "LINEAR")) {
    return expression.name;
  }
  const value = evaluateExpression(expression, scope);
  if (value.kind === "scalar") return value.value;
  throw new Error("FILL expects a number, REPEAT or LINEAR as its second argument");
}
