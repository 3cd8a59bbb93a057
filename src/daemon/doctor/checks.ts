import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';

import { findBubblewrap, knowsForkOf } from '../../guest/index.ts';
import {
  AT_FDCWD,
  canFilterSystemCalls,
  close,
  knowsSystemCalls,
  landlockVersion,
  O,
  openAt,
  openInsideByKernel,
  userId,
} from '../../os/index.ts';

/** One thing that a machine may offer. */
export interface Check {
  readonly name: string;
  /** `part`: some of it. */
  readonly state: 'ok' | 'part' | 'missing';
  readonly found: string;
  /** What it would take to have all of it; empty when it is there. */
  readonly takes: string;
}

function ok(name: string, found: string): Check {
  return { name, state: 'ok', found, takes: '' };
}

/** Everything that can be found out without starting a guest. */
export function checkMachine(): readonly Check[] {
  return [
    node(),
    ok('ffi', 'system calls work'),
    forkSafety(),
    bubblewrap(),
    userNamespaces(),
    landlock(),
    seccomp(),
    ...cgroups(),
    openat2(),
  ];
}

function node(): Check {
  const found = `${process.version}, ${process.arch}, Linux ${release()}`;
  if (process.version.startsWith('v26.')) return ok('node', found);
  return { name: 'node', state: 'part', found, takes: 'Node 26: what package-lock.json names is what was tested' };
}

function forkSafety(): Check {
  if (knowsForkOf(process.version, process.arch)) return ok('fork-safety', 'this build of Node was looked into');
  return {
    name: 'fork-safety',
    state: 'part',
    found: `Node ${process.version} on ${process.arch} was not looked into`,
    takes:
      'Node 26.10.0 on x64; without it one of V8’s waits is watched for instead of prevented, or guests are spawned',
  };
}

function bubblewrap(): Check {
  const name = 'bubblewrap';
  const path = findBubblewrap(process.env['PATH'] ?? '');
  const gives = 'then the walls network, processes and files stand around every guest';
  if (path === null) {
    return { name, state: 'missing', found: 'no bwrap in PATH', takes: `install the package bubblewrap; ${gives}` };
  }
  const arguments_ = ['--unshare-pid', '--unshare-net', '--unshare-ipc', ...(userId() === 0 ? [] : ['--unshare-user'])];
  const tried = spawnSync(path, [...arguments_, '--ro-bind', '/', '/', '--proc', '/proc', 'true'], {
    encoding: 'utf8',
  });
  if (tried.status === 0) return ok(name, path);
  const why = tried.error?.message ?? (tried.stderr.trim() || `it ended with ${tried.status}`);
  return { name, state: 'missing', found: `${path} does not work: ${why}`, takes: `${permission}; ${gives}` };
}

/** What stands in the way of namespaces, as far as the kernel says. */
const permission =
  'namespaces have to be allowed: kernel.unprivileged_userns_clone=1, user.max_user_namespaces above 0, ' +
  'kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile; inside Docker --security-opt seccomp=unconfined';

function userNamespaces(): Check {
  const name = 'user namespaces';
  const settings = [
    'user/max_user_namespaces',
    'kernel/unprivileged_userns_clone',
    'kernel/apparmor_restrict_unprivileged_userns',
  ].flatMap((setting) => {
    const value = read(join('/proc/sys', setting))?.trim();
    return value === undefined ? [] : [`${setting.replace('/', '.')}=${value}`];
  });
  const tried = spawnSync('unshare', ['--user', 'true'], { encoding: 'utf8' });
  if (tried.status === 0) return ok(name, settings.join(', '));
  const why = tried.error === undefined ? tried.stderr.trim() : 'there is no unshare command to try it with';
  return { name, state: 'missing', found: [why, ...settings].join(', '), takes: permission };
}

function landlock(): Check {
  const name = 'landlock';
  const version = landlockVersion();
  const found = `version ${version}`;
  if (version >= 6) return ok(name, found);
  if (version === 0) {
    return {
      name,
      state: 'missing',
      found: 'not in this kernel, or switched off',
      takes: 'Linux 5.13 with CONFIG_SECURITY_LANDLOCK, and landlock in the list of lsm= at boot',
    };
  }
  const lacks = version < 4 ? 'TCP, signals and abstract sockets' : 'signals and abstract sockets';
  return { name, state: 'part', found: `${found}: does not hold back ${lacks}`, takes: 'Linux 6.12' };
}

function seccomp(): Check {
  const name = 'seccomp';
  if (!knowsSystemCalls()) {
    return {
      name,
      state: 'missing',
      found: `the system calls of ${process.arch} are not known here`,
      takes: 'x64 or arm64',
    };
  }
  if (canFilterSystemCalls()) return ok(name, 'filters for all threads');
  return { name, state: 'missing', found: 'the kernel takes no filter', takes: 'Linux with CONFIG_SECCOMP_FILTER' };
}

const controllers = ['memory', 'cpu', 'pids'];

/** Both hierarchies, as far as they are there: whether this process may put guests into groups of its own. */
function cgroups(): readonly Check[] {
  const own = read('/proc/self/cgroup')?.trim().split('\n') ?? [];
  const v2_path = own.find((line) => line.startsWith('0::'))?.slice(3) ?? '/';
  const v1 = controllers.filter((controller) => existsSync(`/sys/fs/cgroup/${controller}`));
  return [cgroupV2(v2_path), cgroupV1(v1, own)];
}

function cgroupV2(path: string): Check {
  const name = 'cgroup v2';
  const mount = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((each) =>
    existsSync(join(each, 'cgroup.controllers')),
  );
  if (mount === undefined) {
    return { name, state: 'missing', found: 'not mounted', takes: 'systemd.unified_cgroup_hierarchy=1 at boot' };
  }
  const folder = join(mount, path);
  const has = (read(join(folder, 'cgroup.controllers')) ?? '').trim().split(' ');
  const lacks = controllers.filter((controller) => !has.includes(controller));
  if (!writable(folder)) {
    return {
      name,
      state: 'missing',
      found: `${folder} is not writable by this user`,
      takes: 'root, or a group that is delegated: systemd-run --user --scope -p Delegate=yes',
    };
  }
  if (lacks.length === 0) return ok(name, `${folder}: ${controllers.join(', ')}`);
  return {
    name,
    state: 'part',
    found: `${folder}: no ${lacks.join(', ')}`,
    takes: `the controllers in cgroup.subtree_control of the groups above, and not in version 1`,
  };
}

function cgroupV1(mounted: readonly string[], own: readonly string[]): Check {
  const name = 'cgroup v1';
  if (mounted.length === 0)
    return { name, state: 'missing', found: 'not mounted', takes: 'nothing where version 2 is' };
  const may = mounted.filter((controller) => {
    const line = own.find((each) => (each.split(':')[1] ?? '').split(',').includes(controller));
    return writable(join('/sys/fs/cgroup', controller, line?.split(':')[2] ?? '/'));
  });
  if (may.length === controllers.length) return ok(name, may.join(', '));
  return {
    name,
    state: may.length === 0 ? 'missing' : 'part',
    found: may.length === 0 ? 'not writable by this user' : may.join(', '),
    takes: 'root, or groups that are made for this user',
  };
}

function openat2(): Check {
  const name = 'openat2';
  const directory = openAt(AT_FDCWD, '/', O.PATH | O.DIRECTORY);
  try {
    close(openInsideByKernel(directory, '.', O.PATH));
    return ok(name, 'the kernel itself keeps paths of volumes beneath their folder');
  } catch (error) {
    const found = `${(error as Error).message}; paths are walked name by name, which is slower`;
    return { name, state: 'missing', found, takes: 'Linux 5.6, and no filter that forbids it' };
  } finally {
    close(directory);
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function writable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
