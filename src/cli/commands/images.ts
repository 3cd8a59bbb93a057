import { Command } from 'commander';

import type { Context } from '../context.ts';
import { collect, filters } from '../filters.ts';
import { duration, size } from '../human.ts';
import { printRows, type Row } from '../table.ts';

interface Summary {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  readonly Created: number;
  readonly Size: number;
  readonly Containers: number;
}

const headings = {
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  ID: 'IMAGE ID',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
  Containers: 'CONTAINERS',
};

export function imagesCommand(context: Context): Command {
  return new Command('images')
    .description('list images')
    .argument('[name]', 'only this repository, with or without a tag')
    .option('-a, --all', 'all images')
    .option('--digests', 'with digests')
    .option('-f, --filter <key=value>', 'only those that match (repeatable)', collect, [])
    .option('--format <format>', 'table, json, or a Go template')
    .option('--no-trunc', 'do not cut ids')
    .option('-q, --quiet', 'ids only')
    .action(async (name: string | undefined, options: Options) => {
      const daemon = await context.connect();
      const wanted = name === undefined ? options.filter : [...options.filter, `reference=${name}`];
      const found = await daemon.json<Summary[]>('GET', `${context.lists}/images/json`, {
        query: { all: options.all === true ? '1' : undefined, filters: filters(wanted) },
      });
      const rows = found.flatMap((each) => rowsOf(each, options.trunc));
      if (options.quiet === true && options.format === undefined) {
        for (const id of new Set(rows.map((row) => row['ID']!))) context.out.write(`${id}\n`);
        return;
      }
      const usual = [
        'Repository',
        'Tag',
        ...(options.digests === true ? ['Digest'] : []),
        'ID',
        'CreatedSince',
        'Size',
      ];
      printRows(rows, { headings, usual }, options.format, context.out);
    });
}

interface Options {
  readonly all?: boolean;
  readonly digests?: boolean;
  readonly filter: readonly string[];
  readonly format?: string;
  readonly trunc: boolean;
  readonly quiet?: boolean;
}

function rowsOf(each: Summary, cut: boolean): Row[] {
  const names = each.RepoTags === null || each.RepoTags.length === 0 ? ['<none>:<none>'] : each.RepoTags;
  return names.map((name) => {
    const colon = name.lastIndexOf(':');
    const repository = name.slice(0, colon);
    return {
      Repository: repository,
      Tag: name.slice(colon + 1),
      Digest: each.RepoDigests?.find((digest) => digest.startsWith(`${repository}@`))?.split('@')[1] ?? '<none>',
      ID: cut ? each.Id.replace(/^sha256:/, '').slice(0, 12) : each.Id,
      CreatedSince: each.Created > 0 ? `${duration(Date.now() / 1000 - each.Created)} ago` : 'N/A',
      CreatedAt: new Date(each.Created * 1000).toISOString().replace('T', ' ').replace('.000Z', ' +0000 UTC'),
      Size: size(each.Size),
      Containers: each.Containers < 0 ? 'N/A' : String(each.Containers),
    };
  });
}
