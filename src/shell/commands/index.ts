import { file_tools } from './files.ts';
import { find, xargs } from './find.ts';
import { grep } from './grep.ts';
import { ls, stat, truncate } from './ls.ts';
import { sed } from './sed.ts';
import { system_tools } from './system.ts';
import { text_tools } from './text.ts';
import type { Tool } from './tool.ts';

export type { Tool } from './tool.ts';

const tools: ReadonlyMap<string, Tool> = new Map(
  Object.entries({
    ...file_tools,
    ...text_tools,
    ...system_tools,
    find,
    xargs,
    grep,
    egrep: grep,
    fgrep: grep,
    ls,
    stat,
    truncate,
    sed,
  }),
);

/** The tool of that name; null when there is none. */
export function findTool(name: string): Tool | null {
  return tools.get(name) ?? null;
}

export function toolNames(): readonly string[] {
  return [...tools.keys()].sort();
}
