import { Command } from 'commander';

import type { Context } from '../context.ts';
import { compileTemplate } from '../template.ts';
import { client_version } from '../version.ts';

interface ServerVersion {
  readonly Platform?: { readonly Name: string };
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion: string;
  readonly Components?: readonly { readonly Name: string; readonly Version: string }[];
}

export function versionCommand(context: Context): Command {
  return new Command('version')
    .description('print the versions of client and daemon')
    .option('-f, --format <format>', 'json or a Go template')
    .action(async ({ format }: { format?: string }) => {
      const daemon = await context.connect();
      const server = await daemon.json<ServerVersion>('GET', '/version');
      const client = { Version: client_version, Node: process.version, Os: process.platform, Arch: process.arch };
      if (format !== undefined) {
        context.out.write(`${compileTemplate(format)({ Client: client, Server: server })}\n`);
        return;
      }
      const lines = [
        `Client: Wherry ${client.Version} (Node ${client.Node.slice(1)}, ${client.Os}/${client.Arch})`,
        `Server: ${server.Platform?.Name ?? 'unknown'}`,
        ` Version:      ${server.Version}`,
        ` API version:  ${server.ApiVersion} (minimum version ${server.MinAPIVersion})`,
        ` OS/Arch:      ${server.Os}/${server.Arch}`,
        ` Kernel:       ${server.KernelVersion}`,
        ...(server.Components ?? [])
          .filter(({ Name }) => Name !== 'Engine')
          .map(({ Name, Version }) => ` ${`${Name}:`.padEnd(13)} ${Version}`),
      ];
      context.out.write(`${lines.join('\n')}\n`);
    });
}
