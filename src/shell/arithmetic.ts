import { shell_depth_max } from '../limits/index.ts';
import { CommandFault } from './errors.ts';

/** The variables that an expression reads and sets. */
export interface Numbers {
  get(name: string): string;
  set(name: string, value: string): void;
}

const binary: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<=', '>=', '<', '>'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

/**
 * The value of an arithmetic expression, in 64 bits.
 *
 * @throws CommandFault when it is none
 */
export function evaluate(text: string, numbers: Numbers, depth = 0): bigint {
  if (depth > shell_depth_max) throw new CommandFault('arithmetic: variables stand for each other without end');
  const tokens = text.match(/\d\w*|[A-Za-z_]\w*|<<=|>>=|\+\+|--|[-+*/%&|^]=|<<|>>|<=|>=|==|!=|&&|\|\||\S/g) ?? [];
  let at = 0;
  let nested = 0;
  const wrong = (): never => {
    throw new CommandFault(`arithmetic syntax error: "${text.trim()}"`, 2);
  };
  const take = (token: string): boolean => tokens[at] === token && ++at > 0;

  function whole(): bigint {
    if (++nested > shell_depth_max) throw new CommandFault('arithmetic: the expression is nested too deeply');
    const value = assignment();
    nested--;
    return value;
  }

  function assignment(): bigint {
    const name = tokens[at];
    const operator = tokens[at + 1];
    if (
      name !== undefined &&
      /^[A-Za-z_]/.test(name) &&
      operator !== undefined &&
      /^(?:[-+*/%&|^]|<<|>>)?=$/.test(operator)
    ) {
      at += 2;
      const value = whole();
      const result = operator === '=' ? value : apply(operator.slice(0, -1), valueOf(name), value);
      numbers.set(name, String(result));
      return result;
    }
    const condition = level(0);
    if (!take('?')) return condition;
    const yes = whole();
    if (!take(':')) return wrong();
    const no = whole();
    return condition === 0n ? no : yes;
  }

  function level(precedence: number): bigint {
    const operators = binary[precedence];
    if (operators === undefined) return unary();
    let left = level(precedence + 1);
    for (;;) {
      const operator = tokens[at];
      if (operator === undefined || !operators.includes(operator)) return left;
      at++;
      left = apply(operator, left, level(precedence + 1));
    }
  }

  function unary(): bigint {
    if (++nested > shell_depth_max) throw new CommandFault('arithmetic: the expression is nested too deeply');
    try {
      if (take('-')) return BigInt.asIntN(64, -unary());
      if (take('+')) return unary();
      if (take('!')) return unary() === 0n ? 1n : 0n;
      if (take('~')) return ~unary();
      for (const [token, step] of [
        ['++', 1n],
        ['--', -1n],
      ] as const)
        if (take(token)) return changed(tokens[at++] ?? '', step);
      return primary();
    } finally {
      nested--;
    }
  }

  function primary(): bigint {
    if (take('(')) {
      const value = whole();
      return take(')') ? value : wrong();
    }
    const token = tokens[at++];
    if (token === undefined) return wrong();
    if (/^\d/.test(token)) return number(token);
    if (!/^[A-Za-z_]/.test(token)) return wrong();
    const value = valueOf(token);
    if (take('++')) changed(token, 1n);
    else if (take('--')) changed(token, -1n);
    return value;
  }

  function changed(name: string, step: bigint): bigint {
    if (!/^[A-Za-z_]/.test(name)) return wrong();
    const value = BigInt.asIntN(64, valueOf(name) + step);
    numbers.set(name, String(value));
    return value;
  }

  function valueOf(name: string): bigint {
    const value = numbers.get(name).trim();
    if (value === '') return 0n;
    return /^-?\d+$/.test(value) ? BigInt.asIntN(64, BigInt(value)) : evaluate(value, numbers, depth + 1);
  }

  function number(token: string): bigint {
    if (/^0[xX][0-9a-fA-F]+$/.test(token)) return BigInt.asIntN(64, BigInt(token));
    if (/^0[0-7]+$/.test(token)) return BigInt.asIntN(64, BigInt(`0o${token.slice(1)}`));
    return /^\d{1,19}$/.test(token) ? BigInt.asIntN(64, BigInt(token)) : wrong();
  }

  if (tokens.length === 0) return 0n;
  const value = whole();
  return at === tokens.length ? value : wrong();
}

function apply(operator: string, a: bigint, b: bigint): bigint {
  const truth = (value: boolean): bigint => (value ? 1n : 0n);
  if ((operator === '/' || operator === '%') && b === 0n) throw new CommandFault('divide by zero', 2);
  switch (operator) {
    case '||':
      return truth(a !== 0n || b !== 0n);
    case '&&':
      return truth(a !== 0n && b !== 0n);
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '&':
      return a & b;
    case '==':
      return truth(a === b);
    case '!=':
      return truth(a !== b);
    case '<=':
      return truth(a <= b);
    case '>=':
      return truth(a >= b);
    case '<':
      return truth(a < b);
    case '>':
      return truth(a > b);
    case '<<':
      return BigInt.asIntN(64, a << (b & 63n));
    case '>>':
      return a >> (b & 63n);
    case '+':
      return BigInt.asIntN(64, a + b);
    case '-':
      return BigInt.asIntN(64, a - b);
    case '*':
      return BigInt.asIntN(64, a * b);
    case '/':
      return BigInt.asIntN(64, a / b);
    default:
      return a % b;
  }
}
