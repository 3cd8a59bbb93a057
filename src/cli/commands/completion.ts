import { Command } from 'commander';

import { WherryError } from '../../errors/index.ts';
import type { Context } from '../context.ts';

/** `wherry completion SHELL` prints a script; the scripts ask `wherry completion words` for containers and images. */
export function completionCommand(context: Context, program: Command): Command {
  return new Command('completion')
    .description('print a completion script for bash, zsh or fish')
    .argument('<shell>')
    .action(async (shell: string) => {
      if (shell === 'containers' || shell === 'images') {
        await words(shell, context);
        return;
      }
      const commands = program.commands.map((command) => ({
        name: command.name(),
        about: command.description().replaceAll("'", ''),
        flags: command.options.flatMap((option) => [option.short, option.long]).filter((flag) => flag !== undefined),
      }));
      const make = { bash, zsh, fish }[shell];
      if (make === undefined)
        throw new WherryError('InvalidArgument', `Cannot complete for "${shell}": there are bash, zsh and fish.`);
      context.out.write(make(commands));
    });
}

interface Described {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly string[];
}

async function words(kind: 'containers' | 'images', context: Context): Promise<void> {
  const daemon = await context.connect();
  if (kind === 'containers') {
    const found = await daemon.json<{ Names: string[] }[]>('GET', '/containers/json', { query: { all: '1' } });
    for (const { Names } of found) context.out.write(`${Names[0]?.slice(1) ?? ''}\n`);
    return;
  }
  const found = await daemon.json<{ RepoTags: string[] | null }[]>('GET', '/images/json');
  for (const { RepoTags } of found) for (const tag of RepoTags ?? []) context.out.write(`${tag}\n`);
}

/** Commands whose arguments are containers, and those whose first is an image. */
const of_containers = ['logs', 'debug', 'stop', 'rm'];
const of_images = ['run', 'images'];

function bash(commands: readonly Described[]): string {
  return `_wherry() {
  local word=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} words=
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${commands.map(({ name }) => name).join(' ')}'
  elif [[ $word == -* ]]; then
    case $command in
${commands.map(({ name, flags }) => `      ${name}) words='${flags.join(' ')}' ;;`).join('\n')}
    esac
  else
    case $command in
      ${of_containers.join('|')}) words=$(wherry completion containers 2>/dev/null) ;;
      ${of_images.join('|')}) words=$(wherry completion images 2>/dev/null) ;;
    esac
    [ "$command" = run ] || [ "$command" = load ] && words="$words $(compgen -f -- "$word")"
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _wherry wherry
`;
}

function zsh(commands: readonly Described[]): string {
  return `#compdef wherry
_wherry() {
  local -a commands words
  commands=(
${commands.map(({ name, about }) => `    '${name}:${about}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
  else
    case $words[2] in
      ${of_containers.join('|')}) words=(\${(f)"$(wherry completion containers 2>/dev/null)"}); compadd -a words ;;
      ${of_images.join('|')}) words=(\${(f)"$(wherry completion images 2>/dev/null)"}); compadd -a words; _files ;;
      *) _files ;;
    esac
  fi
}
_wherry "$@"
`;
}

function fish(commands: readonly Described[]): string {
  const lines = commands.flatMap(({ name, about, flags }) => [
    `complete -c wherry -f -n __fish_use_subcommand -a ${name} -d '${about}'`,
    ...flags
      .filter((flag) => flag.startsWith('--'))
      .map((flag) => `complete -c wherry -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)}`),
  ]);
  return `${lines.join('\n')}
complete -c wherry -f -n '__fish_seen_subcommand_from ${of_containers.join(' ')}' -a '(wherry completion containers 2>/dev/null)'
complete -c wherry -n '__fish_seen_subcommand_from ${of_images.join(' ')}' -a '(wherry completion images 2>/dev/null)'
`;
}
