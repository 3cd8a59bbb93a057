/**
 * Scenarios: what somebody types into a shell with a client's command in it, one file a subject. Lines are
 *
 *     # a comment
 *     == TITLE                begins a scenario, which starts without containers and volumes, in an empty folder
 *     needs WORD...           below a title: where this scenario can be run
 *     COMMAND                 run by sh; its output and exit code are recorded and compared
 *     COMMAND => N            and that is the exit code wherever it runs
 *     tty COMMAND             the same on a terminal
 *     begin NAME COMMAND      run in the background until
 *     end NAME                where its output and exit code are recorded and compared
 *     do COMMAND              has to succeed, otherwise of no interest
 *     until COMMAND           tried until it succeeds
 *     file PATH               holds the lines that follow
 *     < TEXT                  a line of stdin for the command above, or of the file
 *
 * Docker's find $REGISTRY (address of a registry) and $PLATFORM (what the images are made for).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const kinds = ['run', 'tty', 'begin', 'end', 'do', 'until', 'file'] as const;
export type Kind = (typeof kinds)[number];

export interface Step {
  readonly kind: Kind;
  /** A command; of `end` a name, of `file` a path. */
  readonly text: string;
  /** Of `begin` and `end`. */
  readonly name: string;
  /** What `<` lines say; null when there are none. */
  readonly input: string | null;
  /** What the command has to end with; null where nothing is said. */
  readonly code: number | null;
  /** As written, and unique in its scenario: the second of two equal ones ends in ` #2`. */
  readonly line: string;
}

export interface Scenario {
  /** Name of the file without its ending. */
  readonly file: string;
  readonly title: string;
  readonly needs: readonly string[];
  readonly steps: readonly Step[];
}

/** Whether a step's output is compared. */
export function isCompared({ kind }: Step): boolean {
  return kind === 'run' || kind === 'tty' || kind === 'end';
}

/** All scenarios of a folder, Docker's unless another is named, in the order of their files' names. */
export function readScenarios(folder: string = join(import.meta.dirname, 'scenarios')): Scenario[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));
  return files.toSorted().flatMap((name) => parseScenario(name.slice(0, -4), readFileSync(join(folder, name), 'utf8')));
}

/** The scenarios of a text, as those of the file `FILE.txt`. */
export function parseScenario(file: string, text: string): Scenario[] {
  const scenarios: { file: string; title: string; needs: string[]; steps: Step[] }[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    const fail = (why: string): never => {
      throw new Error(`${file}.txt:${at + 1}: ${why}`);
    };
    if (line === '' || line.startsWith('#')) continue;
    const steps = scenarios.at(-1)?.steps;
    if (line.startsWith('== ')) {
      const title = line.slice(3);
      if (scenarios.some((other) => other.title === title)) fail('another scenario has this title');
      scenarios.push({ file, title, needs: [], steps: [] });
    } else if (steps === undefined) fail('a scenario begins with == TITLE');
    else if (line.startsWith('needs ') && steps.length === 0) scenarios.at(-1)!.needs.push(...line.split(' ').slice(1));
    else if (line === '<' || line.startsWith('< ')) {
      const last = steps.pop() ?? fail('nothing that this could be given to');
      steps.push({ ...last, input: `${last.input ?? ''}${line.slice(2)}\n` });
    } else {
      const written = steps.filter((step) => step.line.replace(/ #\d+$/, '') === line).length;
      steps.push({ ...parseStep(line), input: null, line: written === 0 ? line : `${line} #${written + 1}` });
    }
  }
  return scenarios;
}

function parseStep(line: string): Pick<Step, 'kind' | 'text' | 'name' | 'code'> {
  const [, command = line, ending] = /^(.*) => (\d+)$/.exec(line) ?? [];
  const code = ending === undefined ? null : Number(ending);
  const [first = '', ...rest] = command.split(' ');
  const kind = kinds.find((known) => known === first && known !== 'run') ?? 'run';
  if (kind === 'run') return { kind, text: command, name: '', code };
  if (kind === 'begin') return { kind, name: rest[0] ?? '', text: rest.slice(1).join(' '), code };
  return { kind, name: kind === 'end' ? rest.join(' ') : '', text: rest.join(' '), code };
}
