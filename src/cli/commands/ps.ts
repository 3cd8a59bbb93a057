import { Command } from 'commander';

import type { Context } from '../context.ts';
import { collect, filters } from '../filters.ts';
import { duration, size } from '../human.ts';
import { printRows, type Row } from '../table.ts';

interface Summary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly Command: string;
  readonly Created: number;
  readonly State: string;
  readonly Status: string;
  readonly Ports: readonly { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly Mounts: readonly { Name?: string; Source: string }[];
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, unknown>> };
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
}

const headings = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  State: 'STATE',
  Ports: 'PORTS',
  Names: 'NAMES',
  Labels: 'LABELS',
  Mounts: 'MOUNTS',
  Networks: 'NETWORKS',
  Size: 'SIZE',
  LocalVolumes: 'LOCAL VOLUMES',
};
const usual = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'];

export function psCommand(context: Context): Command {
  return new Command('ps')
    .description('list containers')
    .option('-a, --all', 'also those that do not run')
    .option('-f, --filter <key=value>', 'only those that match (repeatable)', collect, [])
    .option('--format <format>', 'table, json, or a Go template')
    .option('-n, --last <n>', 'the last n created')
    .option('-l, --latest', 'the latest created')
    .option('--no-trunc', 'do not cut ids and commands')
    .option('-q, --quiet', 'ids only')
    .option('-s, --size', 'with sizes')
    .action(async (options: Options) => {
      const daemon = await context.connect();
      const limit = options.latest === true ? '1' : options.last;
      const found = await daemon.json<Summary[]>('GET', `${context.lists}/containers/json`, {
        query: {
          all: options.all === true ? '1' : undefined,
          limit,
          size: options.size === true ? '1' : undefined,
          filters: filters(options.filter),
        },
      });
      if (options.quiet === true && options.format === undefined) {
        for (const each of found) context.out.write(`${options.trunc ? each.Id.slice(0, 12) : each.Id}\n`);
        return;
      }
      const names = options.size === true ? [...usual, 'Size'] : usual;
      printRows(
        found.map((each) => row(each, options.trunc)),
        { headings, usual: names },
        options.format,
        context.out,
      );
    });
}

interface Options {
  readonly all?: boolean;
  readonly filter: readonly string[];
  readonly format?: string;
  readonly last?: string;
  readonly latest?: boolean;
  readonly trunc: boolean;
  readonly quiet?: boolean;
  readonly size?: boolean;
}

function row(each: Summary, cut: boolean): Row {
  const command = cut && each.Command.length > 20 ? `${each.Command.slice(0, 19)}…` : each.Command;
  return {
    ID: cut ? each.Id.slice(0, 12) : each.Id,
    Image: each.Image,
    Command: `"${command}"`,
    CreatedAt: new Date(each.Created * 1000).toISOString().replace('T', ' ').replace('.000Z', ' +0000 UTC'),
    RunningFor: `${duration(Date.now() / 1000 - each.Created)} ago`,
    Status: each.Status,
    State: each.State,
    Ports: each.Ports.map(port).join(', '),
    Names: each.Names.map((name) => name.replace(/^\//, '')).join(','),
    Labels: Object.entries(each.Labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
    Mounts: each.Mounts.map((mount) => mount.Name ?? mount.Source).join(','),
    Networks: Object.keys(each.NetworkSettings?.Networks ?? {}).join(','),
    LocalVolumes: String(each.Mounts.filter((mount) => mount.Name !== undefined).length),
    Size: `${size(each.SizeRw ?? 0)} (virtual ${size(each.SizeRootFs ?? 0)})`,
  };
}

function port(each: Summary['Ports'][number]): string {
  const inside = `${each.PrivatePort}/${each.Type}`;
  if (each.PublicPort === undefined) return inside;
  const address = each.IP ?? '0.0.0.0';
  return `${address.includes(':') ? `[${address}]` : address}:${each.PublicPort}->${inside}`;
}
