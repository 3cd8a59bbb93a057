import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { findHierarchies } from './cgroup-hierarchies.ts';

/** A machine's tree of groups, of which the test may write to some. */
class Tree {
  readonly folder: string;
  readonly #mounts: string[] = [];

  constructor(t: TestContext) {
    this.folder = mkdtempSync(join(tmpdir(), 'wherry-groups-'));
    t.after(() => rmSync(this.folder, { recursive: true, force: true }));
    mkdirSync(join(this.folder, 'proc/self'), { recursive: true });
  }

  mount(point: string, type: string, options: string, root = '/'): this {
    this.#mounts.push(`30 24 0:27 ${root} ${join(this.folder, point)} rw,nosuid shared:9 - ${type} cgroup ${options}`);
    return this;
  }

  group(path: string, files: Readonly<Record<string, string>>): this {
    mkdirSync(join(this.folder, path), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, path, name), text);
    return this;
  }

  find(own: string): Readonly<Record<string, string>> {
    writeFileSync(join(this.folder, 'proc/self/mountinfo'), `${this.#mounts.join('\n')}\n`);
    writeFileSync(join(this.folder, 'proc/self/cgroup'), own);
    const found = findHierarchies(join(this.folder, 'proc'));
    return Object.fromEntries(
      Object.entries(found).map(([name, { version, base }]) => [name, `${version} ${base.slice(this.folder.length)}`]),
    );
  }
}

/** Files of a group without `cgroup.procs` are those of another user: a test may run as root, who can write to all. */
const ours = { 'cgroup.procs': '' };

test('as root, version 2: all three controllers at the top', (t) => {
  const tree = new Tree(t).mount('cg', 'cgroup2', 'rw,nsdelegate');
  tree.group('cg', {
    'cgroup.procs': '1\n2\n',
    'cgroup.controllers': 'cpuset cpu io memory hugetlb pids',
    'cgroup.subtree_control': 'cpu memory',
  });
  assert.deepEqual(tree.find('0::/system.slice/wherry.service\n'), { cpu: '2 /cg', memory: '2 /cg', pids: '2 /cg' });
});

test('as root, version 1: each controller where it is mounted', (t) => {
  const tree = new Tree(t)
    .mount('cg/memory', 'cgroup', 'rw,memory')
    .mount('cg/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct')
    .mount('cg/unified', 'cgroup2', 'rw');
  for (const name of ['memory', 'cpu,cpuacct']) tree.group(`cg/${name}`, ours);
  tree.group('cg/unified', { ...ours, 'cgroup.controllers': '', 'cgroup.subtree_control': '' });
  assert.deepEqual(tree.find('4:memory:/a\n1:cpu,cpuacct:/\n0::/\n'), {
    memory: '1 /cg/memory',
    cpu: '1 /cg/cpu,cpuacct',
  });
});

test('a subtree handed over to a user: the nearest group around that passes the controller on', (t) => {
  const tree = new Tree(t).mount('cg', 'cgroup2', 'rw');
  const handed = (procs: string, passes: string): Record<string, string> => ({
    'cgroup.type': 'domain\n',
    'cgroup.procs': procs,
    'cgroup.controllers': 'memory pids',
    'cgroup.subtree_control': passes,
  });
  tree.group('cg/user.slice/user@7.service', handed('', 'memory pids'));
  tree.group('cg/user.slice/user@7.service/app.slice', handed('', 'memory'));
  tree.group('cg/user.slice/user@7.service/app.slice/shell.scope', handed('77\n', ''));
  assert.deepEqual(tree.find('0::/user.slice/user@7.service/app.slice/shell.scope\n'), {
    memory: '2 /cg/user.slice/user@7.service/app.slice',
    pids: '2 /cg/user.slice/user@7.service/app.slice',
  });
});

test('a group with processes of its own is passed over, and without rights there is nothing', (t) => {
  const tree = new Tree(t).mount('cg', 'cgroup2', 'rw');
  tree.group('cg/a', {
    'cgroup.type': 'domain\n',
    'cgroup.procs': '5\n',
    'cgroup.controllers': 'memory',
    'cgroup.subtree_control': '',
  });
  assert.deepEqual(tree.find('0::/a/b\n'), {});
  assert.deepEqual(findHierarchies(join(tree.folder, 'nothing')), {});
});

test('inside a container only what is mounted of the tree counts', (t) => {
  const tree = new Tree(t).mount('cg\\040x', 'cgroup', 'rw,pids', '/docker/abc');
  tree.group('cg x', ours);
  assert.deepEqual(tree.find('3:pids:/docker/abc/inner\n'), { pids: '1 /cg x' });
});
