import { WherryError } from '../../../errors/index.ts';
import { namedRuntime } from '../../runtimes.ts';
import type { ContainerConfig, HostConfig } from '../config.ts';
import { isolation_option, strictly_isolated } from '../isolation.ts';
import { validateLogConfig } from '../logs/log-config.ts';
import { validateRestartPolicy } from '../restart-policy.ts';
import { validateBindings } from '../ports/plan-ports.ts';
import { capability_names } from './linux/capabilities.ts';
import { validateResources } from './validate-resources.ts';

/**
 * Checks how a container is to run on this host.
 *
 * @throws WherryError InvalidArgument with Docker's texts
 */
export function validateHostConfig(host: HostConfig, config: ContainerConfig): void {
  if (host.AutoRemove && !['', 'no'].includes(host.RestartPolicy.Name)) {
    invalid("can't create 'AutoRemove' container with restart policy");
  }
  for (const [list, field] of [
    [host.CapAdd, 'CapAdd'],
    [host.CapDrop, 'CapDrop'],
  ] as const) {
    for (const name of list ?? []) checkCapability(name, field);
  }
  for (const extra of host.ExtraHosts ?? []) checkExtraHost(extra);
  validateBindings(host);
  validateRestartPolicy(host.RestartPolicy);
  for (const option of host.SecurityOpt ?? []) checkSecurityOption(option);
  validateLogConfig(host.LogConfig);
  if (Object.hasOwn(host.Annotations, '')) {
    invalid('invalid Annotations: the empty string is not permitted as an annotation key');
  }
  if (!['', 'default'].includes(host.Isolation.toLowerCase()))
    invalid(`invalid isolation '${host.Isolation}' on linux`);
  validateNamespaces(host);
  if (host.ShmSize < 0) invalid('SHM size can not be less than 0');
  if (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000) {
    invalid(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  validateResources(host);
  namedRuntime(host.Runtime);
  validateNetwork(host, config);
}

function checkCapability(name: string, field: string): void {
  const plain = name.toUpperCase().replace(/^CAP_/, '');
  if (plain !== 'ALL' && !capability_names.has(plain)) invalid(`invalid ${field}: unknown capability: "${name}"`);
}

/** Ours only: what others mean says nothing about a guest that is WebAssembly. Docker writes `name=value` or `name:value`. */
function checkSecurityOption(option: string): void {
  const at = option.search(/[:=]/);
  const name = at < 0 ? option : option.slice(0, at);
  if (!name.startsWith('wherry.')) return;
  if (name !== isolation_option) {
    invalid(`invalid --security-opt "${option}": there is no ${name}; of ours there is ${isolation_option}=strict`);
  }
  if (!strictly_isolated.test(option)) {
    invalid(`invalid --security-opt "${option}": ${isolation_option} can be strict, or left out`);
  }
}

function checkExtraHost(text: string): void {
  const at = text.search(/[:=]/);
  if (at < 1 || text.slice(at + 1) === '') invalid(`bad format for add-host: "${text}"`);
}

function validateNamespaces(host: HostConfig): void {
  const { IpcMode, PidMode, UTSMode, CgroupnsMode } = host;
  const isContainer = (mode: string): boolean => /^container:.+/.test(mode);
  if (!['', 'none', 'host', 'private', 'shareable'].includes(IpcMode) && !isContainer(IpcMode)) {
    invalid(`invalid IPC mode: ${IpcMode}`);
  }
  if (!['', 'host'].includes(PidMode) && !isContainer(PidMode)) invalid(`invalid PID mode: ${PidMode}`);
  if (!['', 'host'].includes(UTSMode)) invalid(`invalid UTS mode: ${UTSMode}`);
  if (!['', 'host', 'private'].includes(CgroupnsMode)) invalid(`invalid cgroup namespace mode: ${CgroupnsMode}`);
}

function validateNetwork(host: HostConfig, config: ContainerConfig): void {
  const { NetworkMode, UTSMode, PortBindings, PublishAllPorts } = host;
  if (NetworkMode.startsWith('container:')) {
    if (NetworkMode === 'container:') invalid('invalid network mode: invalid container format container:<name/id>');
    if (config.Hostname !== '') invalid('conflicting options: hostname and the network mode');
    if ((host.Links ?? []).length > 0) {
      invalid(
        "conflicting options: container type network can't be used with links. This would result in undefined behavior",
      );
    }
    if (host.Dns.length > 0) invalid('conflicting options: dns and the network mode');
    if ((host.ExtraHosts ?? []).length > 0) {
      invalid('conflicting options: custom host-to-IP mapping and the network mode');
    }
    if (Object.keys(PortBindings).length > 0 || PublishAllPorts) {
      invalid('conflicting options: port publishing and the container type network mode');
    }
    if (config.ExposedPorts.length > 0) {
      invalid('conflicting options: port exposing and the container type network mode');
    }
  }
  if (UTSMode === 'host' && config.Hostname !== '') invalid('conflicting options: hostname and the UTS mode');
}

function invalid(message: string): never {
  throw new WherryError('InvalidArgument', message);
}
