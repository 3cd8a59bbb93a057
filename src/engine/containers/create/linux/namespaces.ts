import type { HostConfig } from '../../config.ts';

/** `linux.namespaces` of the runtime specification: new ones, but where the host's are asked for. */
export function linuxNamespaces(host: HostConfig): readonly { readonly type: string }[] {
  const { NetworkMode, UTSMode, PidMode, IpcMode, CgroupnsMode } = host;
  const own: readonly (readonly [string, boolean])[] = [
    ['mount', true],
    ['network', NetworkMode !== 'host'],
    ['uts', UTSMode !== 'host'],
    ['pid', PidMode !== 'host'],
    ['ipc', IpcMode !== 'host'],
    ['cgroup', CgroupnsMode === 'private'],
  ];
  return own.flatMap(([type, is_own]) => (is_own ? [{ type }] : []));
}
