/** A parsed metric-math expression. */
export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "id"; readonly name: string }
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "unary"; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
    };

export type Operator = "OR" | "AND" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "^";

// CloudWatch's order, loosest first (Using metric math: "Operator precedence").
const PRECEDENCE: Readonly<Record<Operator, number>> = {
  OR: 1,
  AND: 2,
  "==": 3,
  "!=": 3,
  "<": 4,
  "<=": 4,
  ">": 4,
  ">=": 4,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "^": 8,
};
const UNARY_PRECEDENCE = 7;
const SYNONYMS: Readonly<Record<string, Operator>> = { "&&": "AND", "||": "OR" };
const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|("[^"]*"|'[^']*')|([A-Za-z_][A-Za-z0-9_]*)|(&&|\|\||==|!=|<=|>=|[-+*/^<>()[\],]))/y;

/**
 * Parses CloudWatch metric math.
 *
 * @throws Error with the expression and the place that was not understood
 */
export function parseExpression(text: string): Expression {
  const tokens = tokenize(text);
  let next = 0;

  const fail = (expected: string): never => {
    const found = tokens[next];
    throw new Error(`expected ${expected} but found ${found ?? "the end"} in the expression ${text}`);
  };
  const take = (symbol: string): void => {
    if (tokens[next] !== symbol) fail(JSON.stringify(symbol));
    next += 1;
  };

  const parseList = (end: string): Expression[] => {
    const items: Expression[] = [];
    while (tokens[next] !== end) {
      if (items.length > 0) take(",");
      items.push(parseBinary(1));
    }
    take(end);
    return items;
  };

  const parsePrimary = (): Expression => {
    const token = tokens[next] ?? fail("a value");
    next += 1;
    if (token === "-") return { kind: "unary", operand: parseBinary(UNARY_PRECEDENCE) };
    if (token === "(") {
      const inner = parseBinary(1);
      take(")");
      return inner;
    }
    if (token === "[") return { kind: "list", items: parseList("]") };
    if (/^\d/.test(token)) return { kind: "number", value: Number(token) };
    if (/^["']/.test(token)) return { kind: "string", value: token.slice(1, -1) };
    if (!/^[A-Za-z_]/.test(token)) {
      next -= 1;
      fail("a value");
    }
    if (tokens[next] !== "(") return { kind: "id", name: token };
    next += 1;
    return { kind: "call", name: token.toUpperCase(), args: parseList(")") };
  };

  const parseBinary = (minimum: number): Expression => {
    let left = parsePrimary();
    for (;;) {
      const operator = asOperator(tokens[next]);
      if (operator === undefined || PRECEDENCE[operator] < minimum) return left;
      next += 1;
      left = { kind: "binary", operator, left, right: parseBinary(PRECEDENCE[operator] + 1) };
    }
  };

  const expression = parseBinary(1);
  if (next < tokens.length) fail("the end");
  return expression;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== "") {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null)
      throw new Error(`${JSON.stringify(text.slice(start))} is not metric math, in ${text}`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

function asOperator(token: string | undefined): Operator | undefined {
  if (token === undefined) return undefined;
  const name = SYNONYMS[token] ?? token;
  return Object.hasOwn(PRECEDENCE, name) ? (name as Operator) : undefined;
}
