import type { AlarmState } from "../api.ts";

/** Whether a composite alarm is in ALARM, given the states of the others. */
export type Rule = (stateOf: (alarmName: string) => AlarmState) => boolean;

const TOKEN =
  /\s*(\(|\)|AND\b|OR\b|NOT\b|TRUE\b|FALSE\b|(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"[^"]*"|[^")]*)\s*\))/y;
const STATE = /^(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*"?([^")]*?)"?\s*\)$/;

/**
 * Parses the `AlarmRule` of a composite alarm, such as `ALARM("A") AND NOT OK("B")`. Alarms are named or given
 * by ARN.
 *
 * @throws Error with the place that was not understood
 */
export function parseRule(text: string): Rule {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== "") {
    const start = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined)
      throw new Error(`${JSON.stringify(text.slice(start))} is not an alarm rule, in ${text}`);
    tokens.push(token);
  }
  let next = 0;

  const parseOr = (): Rule => {
    let left = parseAnd();
    while (tokens[next] === "OR") {
      next += 1;
      const [first, second] = [left, parseAnd()];
      left = (stateOf) => first(stateOf) || second(stateOf);
    }
    return left;
  };
  const parseAnd = (): Rule => {
    let left = parseNot();
    while (tokens[next] === "AND") {
      next += 1;
      const [first, second] = [left, parseNot()];
      left = (stateOf) => first(stateOf) && second(stateOf);
    }
    return left;
  };
  const parseNot = (): Rule => {
    const token = tokens[next];
    next += 1;
    if (token === "NOT") {
      const inner = parseNot();
      return (stateOf) => !inner(stateOf);
    }
    if (token === "(") {
      const inner = parseOr();
      if (tokens[next] !== ")") throw new Error(`expected ")" in the alarm rule ${text}`);
      next += 1;
      return inner;
    }
    if (token === "TRUE" || token === "FALSE") return () => token === "TRUE";
    const [, state, name] = STATE.exec(token ?? "") ?? [];
    if (state === undefined || name === undefined)
      throw new Error(`expected a state in the alarm rule ${text}`);
    const alarmName = name.slice(name.lastIndexOf(":") + 1);
    return (stateOf) => stateOf(alarmName) === state;
  };

  const rule = parseOr();
  if (next < tokens.length)
    throw new Error(`expected the end but found ${tokens[next]} in the alarm rule ${text}`);
  return rule;
}
