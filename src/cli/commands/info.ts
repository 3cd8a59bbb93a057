import { dirname, join } from 'node:path';

import { Command } from 'commander';

import type { Context } from '../context.ts';
import { compileTemplate } from '../template.ts';

interface Info {
  readonly Name: string;
  readonly ServerVersion: string;
  readonly DockerRootDir: string;
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly ContainersPaused: number;
  readonly ContainersStopped: number;
  readonly Images: number;
  readonly DefaultRuntime: string;
  readonly KernelVersion: string;
  readonly Architecture: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly Warnings: readonly string[] | null;
}

export function infoCommand(context: Context): Command {
  return new Command('info')
    .description('where the daemon is, what it holds, and how to point docker at it')
    .option('-f, --format <format>', 'json or a Go template')
    .action(async ({ format }: { format?: string }) => {
      const daemon = await context.connect();
      const info = await daemon.json<Info>('GET', '/info');
      if (format !== undefined) {
        context.out.write(`${compileTemplate(format)(info)}\n`);
        return;
      }
      const { host } = daemon;
      const socket = host.address.kind === 'unix' ? `unix://${host.address.path}` : host.name;
      const lines = [
        `Wherry ${info.ServerVersion} on ${info.Name} (${info.Architecture}, kernel ${info.KernelVersion}, ${info.NCPU} CPUs)`,
        '',
        `  Docker API   ${socket}`,
        ...(host.address.kind === 'unix' ? [`  State        ${dirname(host.address.path)}`] : []),
        `  Data         ${info.DockerRootDir}`,
        ...(host.address.kind === 'unix' ? [`  Log          ${join(dirname(host.address.path), 'daemon.log')}`] : []),
        '',
        `  Containers   ${info.Containers} (${info.ContainersRunning} running, ${info.ContainersPaused} paused, ${info.ContainersStopped} stopped)`,
        `  Images       ${info.Images}`,
        `  Runtime      ${info.DefaultRuntime}`,
        '',
        'To use the docker CLI with it:',
        '',
        `  export DOCKER_HOST=${socket}`,
        `  docker ps`,
        '',
      ];
      context.out.write(lines.join('\n'));
      for (const warning of info.Warnings ?? []) context.err.write(`${warning}\n`);
    });
}
