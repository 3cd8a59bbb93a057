import { filter_pattern_steps_max } from '../../limits/index.ts';
import { type CharacterClass, isIn } from './character-class.ts';
import { type Assertion, parsePattern, type Pattern } from './pattern-syntax.ts';

type Step =
  | { readonly kind: 'take'; readonly of: CharacterClass; readonly fold: boolean; readonly next: number }
  | { readonly kind: 'assert'; readonly what: Assertion; readonly next: number }
  | { readonly kind: 'fork'; readonly next: readonly number[] }
  | { readonly kind: 'done' };

/**
 * Compiles a pattern of Go's; null when it is none or too long, which matches nothing. All ways through it are followed
 * at once, so what it takes grows with the text and never explodes, whatever a client sends.
 */
export function compilePattern(text: string): ((subject: string) => boolean) | null {
  try {
    const steps: Step[] = [{ kind: 'done' }];
    const first = compile(parsePattern(text), 0, steps);
    return (subject) => run(steps, first, subject);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return null;
    throw thrown;
  }
}

/** Appends the steps of `pattern` that go on at `next`; gives the first of them. */
function compile(pattern: Pattern, next: number, steps: Step[]): number {
  switch (pattern.kind) {
    case 'empty':
      return next;
    case 'class':
      return push(steps, { kind: 'take', of: pattern.of, fold: pattern.fold, next });
    case 'assert':
      return push(steps, { kind: 'assert', what: pattern.what, next });
    case 'all':
      return pattern.of.reduceRight((after, each) => compile(each, after, steps), next);
    case 'any': {
      const firsts = pattern.of.map((each) => compile(each, next, steps));
      return firsts.length === 1 ? (firsts[0] as number) : push(steps, { kind: 'fork', next: firsts });
    }
    case 'repeat':
      return compileRepeat(pattern, next, steps);
  }
}

function compileRepeat({ of, min, max }: Pattern & { kind: 'repeat' }, next: number, steps: Step[]): number {
  let at = next;
  if (max === null) {
    const loop: { kind: 'fork'; next: number[] } = { kind: 'fork', next: [] };
    at = push(steps, loop);
    loop.next.push(compile(of, at, steps), next);
  } else {
    for (let i = min; i < max; i++) at = push(steps, { kind: 'fork', next: [compile(of, at, steps), next] });
  }
  for (let i = 0; i < min; i++) at = compile(of, at, steps);
  return at;
}

function push(steps: Step[], step: Step): number {
  if (steps.length >= filter_pattern_steps_max) throw new SyntaxError('expression too large');
  return steps.push(step) - 1;
}

function run(steps: readonly Step[], first: number, subject: string): boolean {
  const codes = Array.from(subject, (rune) => rune.codePointAt(0) ?? 0);
  let states: readonly number[] = [];
  for (let at = 0; at <= codes.length; at++) {
    // A match may begin anywhere.
    const reached = follow(steps, [...states, first], codes, at);
    if (reached === null) return true;
    const code = codes[at];
    if (code === undefined) return false;
    const after: number[] = [];
    for (const state of reached) {
      const step = steps[state];
      if (step?.kind === 'take' && isIn(step.of, code, step.fold)) after.push(step.next);
    }
    states = after;
  }
  return false;
}

/** Goes on from `from` without taking a character; null when the end is reached. */
function follow(
  steps: readonly Step[],
  from: readonly number[],
  codes: readonly number[],
  at: number,
): Set<number> | null {
  const reached = new Set<number>();
  const todo = [...from];
  for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
    if (reached.has(state)) continue;
    reached.add(state);
    const step = steps[state];
    if (step?.kind === 'done') return null;
    if (step?.kind === 'fork') todo.push(...step.next);
    else if (step?.kind === 'assert' && holds(step.what, codes, at)) todo.push(step.next);
  }
  return reached;
}

function holds(what: Assertion, codes: readonly number[], at: number): boolean {
  switch (what) {
    case 'text-start':
      return at === 0;
    case 'text-end':
      return at === codes.length;
    case 'line-start':
      return at === 0 || codes[at - 1] === 10;
    case 'line-end':
      return at === codes.length || codes[at] === 10;
    case 'word-edge':
      return isWord(codes[at - 1]) !== isWord(codes[at]);
    case 'no-word-edge':
      return isWord(codes[at - 1]) === isWord(codes[at]);
  }
}

function isWord(code: number | undefined): boolean {
  return code !== undefined && /^\w$/.test(String.fromCodePoint(code));
}
