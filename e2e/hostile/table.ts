/**
 * The hostile guests: what each tries, how it may end, and what it may have said. What must hold of the host holds for
 * all of them and is checked around each.
 */

export type GuestClass = 'cpu' | 'memory' | 'pointers' | 'files' | 'io' | 'process' | 'network' | 'module';

/** How a guest ends: by itself, not at all (it is stopped), or its start is refused with a message. */
export type Ending =
  | { readonly by: 'itself'; readonly codes: readonly number[] }
  | { readonly by: 'stop'; readonly after_ms: number }
  | { readonly by: 'refusal'; readonly message: RegExp };

export interface HostileGuest {
  /** Unique; that of its program, unless several use one. */
  readonly name: string;
  readonly class: GuestClass;
  /** What must hold, in one sentence. */
  readonly rule: string;
  readonly ends: Ending;
  readonly program: string;
  /** CANARY stands for the path of the host's canary. */
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly memory_bytes?: number;
  readonly read_only?: true;
  readonly tty?: true;
  /** A folder of the host at /m. */
  readonly mount?: 'rw' | 'ro' | 'special';
  /** Arguments of a second container of the program, which runs beside it on the same /m. */
  readonly beside?: readonly string[];
  /** A client attaches and never reads. */
  readonly unread?: true;
  readonly stdout?: RegExp;
  readonly stderr?: RegExp;
  /** What neither stream may hold. */
  readonly never?: RegExp;
  /** Takes seconds or much memory: once is enough. */
  readonly heavy?: true;
}

type More = Omit<HostileGuest, 'name' | 'class' | 'rule' | 'ends' | 'program'> & { readonly program?: string };

const MiB = 1024 * 1024;
/** A trap; what the kernel or an engine out of memory does to a process. */
const trap = 134;
const killed = 137;
/** V8 itself gives up (abort, or its own trap instruction). */
const aborted: readonly number[] = [133, 134, 139];

function row(kind: GuestClass, name: string, rule: string, ends: Ending, more: More = {}): HostileGuest {
  return { name, class: kind, rule, ends, program: name, ...more };
}

function itself(...codes: readonly number[]): Ending {
  return { by: 'itself', codes };
}

function stopped(after_ms: number = 300): Ending {
  return { by: 'stop', after_ms };
}

function refusal(message: RegExp): Ending {
  return { by: 'refusal', message };
}

const no_module = /exec format error|Cannot (?:read|limit) the module/;
const no_escape = /root:.*:0:0:|canary of the host/;

const cpu: readonly HostileGuest[] = [
  row('cpu', 'cpu-loop', 'an endless loop ends with a stop', stopped()),
  row('cpu', 'cpu-loop-at-start', 'so does one in the start function, whose container counts as started', stopped()),
  row('cpu', 'cpu-host-calls', 'so does one of host calls', stopped()),
  row('cpu', 'cpu-tail-calls', 'so does one of tail calls', stopped()),
  row('cpu', 'cpu-memory-fill', 'so does one of long instructions', stopped()),
  row('cpu', 'cpu-exceptions', 'so does one of exceptions', stopped()),
  row('cpu', 'cpu-atomic-wait', 'a wait without end ends with a stop', stopped()),
  row('cpu', 'cpu-shared-counter', 'shared memory is memory of one thread', itself(0)),
  row('cpu', 'cpu-recursion', 'endless recursion is a trap', itself(trap), { stderr: /wasm trap: .*stack/ }),
  row('cpu', 'cpu-recursion-indirect', 'through a table, too', itself(trap), { stderr: /wasm trap: .*stack/ }),
  row('cpu', 'cpu-recursion-host', 'with host calls at each level, too', itself(trap), {
    stderr: /wasm trap: .*stack/,
  }),
  row('cpu', 'huge-function', 'a function of 7 MB runs', itself(0)),
  row('cpu', 'too-huge-function', 'a larger one than the engine takes is refused', refusal(no_module)),
  row('cpu', 'huge-module', 'a module of 50 MB runs', itself(0), { heavy: true }),
  row('cpu', 'huge-custom-section', 'so does one with 50 MB of nothing', itself(0), { heavy: true }),
  row('cpu', 'million-functions', 'a million functions run', itself(0), { heavy: true }),
  row('cpu', 'too-many-functions', 'one more is refused', refusal(/functions/), { heavy: true }),
  row('cpu', 'deep-blocks', 'a hundred thousand blocks in each other run or trap', itself(0, trap)),
  row('cpu', 'many-locals', 'fifty thousand locals run', itself(0)),
  row('cpu', 'too-many-locals', 'four thousand million never run', itself(trap)),
  row('cpu', 'huge-branch-table', 'sixty-five thousand branches run', itself(0)),
  row('cpu', 'many-types', 'a hundred thousand types run', itself(0)),
  row('cpu', 'many-imports', 'twenty thousand imports of one function run', itself(0)),
];

const memory: readonly HostileGuest[] = [
  row('memory', 'memory-grow', 'without a limit memory grows to 4 GiB', itself(0), { stdout: /^pages 65536$/m }),
  row('memory', 'memory-grow-limited', 'with -m it grows to that and no further', itself(0), {
    program: 'memory-grow',
    memory_bytes: 64 * MiB,
    stdout: /^pages (?:\d{1,3}|10[01]\d|102[0-4])$/m,
  }),
  row('memory', 'memory-touch', 'who uses all of -m gets what there is or is killed', itself(0, trap, killed), {
    memory_bytes: 32 * MiB,
  }),
  row('memory', 'memory-table-grow', 'a table grows to ten million entries at most', itself(0)),
  row('memory', 'memory-zero-pages', 'a memory of nothing has no place for a pointer', itself(0)),
  row('memory', 'memory-none', 'without a memory a pointer is FAULT', itself(0)),
  row('memory', 'memory-whole', '4 GiB from the start run', itself(0)),
  row('memory', 'memory-over-limit', 'more than -m from the start is refused', refusal(/memory/), {
    memory_bytes: 64 * MiB,
  }),
  row('memory', 'memory64-maximum', 'the largest maximum of 64 bits is cut to what is allowed', itself(0)),
  row('memory', 'memory64-minimum', '2^37 pages from the start are refused', refusal(/memory/)),
  row('memory', 'memory64-pointers', 'an access behind 64-bit memory is a trap', itself(trap)),
  row('memory', 'memory-table-minimum', 'a table of 2^32 entries is refused', refusal(/table/)),
  row('memory', 'memory-data-outside', 'data outside the memory is a trap', itself(trap)),
  row('memory', 'memory-elements-outside', 'functions outside the table are a trap', itself(trap)),
  row('memory', 'memory-imported', 'a memory from outside is refused by name', refusal(/env.*memory/s)),
  row(
    'memory',
    'many-memories',
    'memories reserve more addresses than there are: sixteen thousand are refused',
    refusal(/memor/i),
  ),
  row('memory', 'gc-one-array', 'an array of 2^32 elements is a trap', itself(trap)),
  row('memory', 'gc-arrays', 'arrays without end end with the process', itself(killed, ...aborted), {
    memory_bytes: 64 * MiB,
    heavy: true,
  }),
  row('memory', 'second-memory', 'pointers mean the exported memory', itself(21)),
  row('memory', 'memory-grown', 'a grown memory is seen at once', itself(0)),
];

const pointers: readonly HostileGuest[] = [
  row('pointers', 'pointer-out-of-range', 'a pointer at, over or behind the end is FAULT', itself(0)),
  row('pointers', 'pointer-unaligned', 'odd addresses work', itself(0)),
  row('pointers', 'pointer-wrap', 'sums that wrap at 2^32 are FAULT', itself(0)),
  row('pointers', 'pointer-null', 'address 0 works, length 0 is nothing', itself(0)),
  row('pointers', 'iovec-count', '2^31 buffers are INVAL', itself(0)),
  row('pointers', 'iovec-sum', 'lengths beyond 2^32 are INVAL', itself(0)),
  row('pointers', 'iovec-overlap', 'overlapping buffers are filled in order', itself(0)),
  row('pointers', 'iovec-over-itself', 'a table of buffers is read once', itself(0)),
  row('pointers', 'result-aliases-input', 'a result may lie over its input', itself(0)),
  row('pointers', 'path-length', 'lengths of paths are bounded', itself(0)),
  row('pointers', 'random-4gb', 'randomness for 4 GiB is FAULT, for 32 MiB it is given', itself(0)),
  row('pointers', 'unstable', 'the older preview checks as much', itself(0)),
  row('pointers', 'export-memory-is-a-function', 'what is exported as memory may be anything', itself(21)),
];

const files: readonly HostileGuest[] = [
  row('files', 'file-dotdot', '`..` above a root is NOTCAPABLE', itself(0), { never: no_escape }),
  row('files', 'file-absolute', 'absolute paths are NOTCAPABLE', itself(0)),
  row('files', 'file-image-symlinks', "an image's links lead through the container only", itself(0)),
  row('files', 'file-symlink-made', 'so do those that a guest makes', itself(0), { args: ['CANARY'] }),
  row('files', 'file-symlink-chain', 'forty links are followed, no more', itself(0)),
  row('files', 'file-symlink-bomb', 'all links of a path count together', itself(0)),
  row('files', 'file-trailing-slash', 'a slash asks for a directory', itself(0)),
  row('files', 'file-proc-and-dev', 'no name of the host has anything behind it', itself(0)),
  row('files', 'file-race', 'a link swapped in while it is walked leads nowhere', itself(0), {
    args: ['open', 'CANARY'],
    beside: ['swap', 'CANARY'],
    mount: 'rw',
  }),
  row('files', 'file-mount-escape', 'no way leads from a mount to what lies beside it', itself(0), {
    args: ['CANARY'],
    mount: 'rw',
  }),
  row('files', 'file-host-specials', 'pipes, sockets and links of the host neither hang nor open', itself(0), {
    mount: 'special',
  }),
  row('files', 'file-read-only-mount', 'nothing is written to a read-only mount', itself(0), {
    program: 'file-read-only',
    args: ['m'],
    mount: 'ro',
  }),
  row('files', 'file-read-only-root', 'nor to a read-only root', itself(0), {
    program: 'file-read-only',
    args: ['etc'],
    read_only: true,
  }),
  row('files', 'file-nul', 'a NUL is INVAL', itself(0)),
  row('files', 'file-utf8', 'no UTF-8 is ILSEQ', itself(0)),
  row('files', 'file-long-names', 'names end at 255 bytes, paths at 4096', itself(0)),
  row('files', 'file-deep-tree', 'a tree deeper than any path can be made and is removed', itself(0)),
  row('files', 'file-many', 'thousands of files are removed with their container', itself(0)),
  row('files', 'file-readdir-cookies', 'cookies that nobody gave are harmless', itself(0)),
  row('files', 'file-descriptors', 'descriptors end with NFILE, and none is lost', itself(0)),
  row('files', 'file-descriptors-kept', 'those left open are closed with the guest', itself(0), { mount: 'rw' }),
  row('files', 'file-renumber', 'renumbering closes what it replaces', itself(0)),
  row('files', 'file-close-root', 'without its root a guest opens nothing', itself(0), { stdout: /^still there$/m }),
  row('files', 'file-rights', 'rights only become fewer', itself(0)),
  row('files', 'file-giant-offsets', 'offsets at the ends of 64 bits are errors', itself(0)),
  row('files', 'file-sparse', 'a hole takes no block and no time', itself(0)),
  row('files', 'file-times', 'times at the ends of 64 bits are times or errors', itself(0)),
  row('files', 'file-flags', 'flags that do not exist are INVAL', itself(0)),
  row('files', 'file-rename-self', 'no directory moves into itself', itself(0)),
  row('files', 'file-whiteouts', 'a file named like a whiteout takes nothing away', itself(0)),
  row('files', 'file-unlinked', 'files without a name live while they are open', itself(0)),
  row('files', 'file-copy-up', "the image's files are changed for one container only", itself(0)),
];

const io: readonly HostileGuest[] = [
  row('io', 'io-flood', 'a flood without a line is held by its log', stopped(1000)),
  row('io', 'io-flood-lines', 'so is one of empty lines', stopped(1000)),
  row('io', 'io-flood-unread', 'a client that never reads stops neither the guest nor its end', stopped(1000), {
    program: 'io-flood',
    unread: true,
  }),
  row('io', 'io-long-line', 'a line of four million bytes is whole', itself(0), { stdout: /^l{4000000}$/ }),
  row('io', 'io-bytes', 'every byte comes out as it went in', itself(0)),
  row('io', 'io-bytes-terminal', 'on a terminal, too', itself(0), { program: 'io-bytes', tty: true }),
  row('io', 'io-poll-count', '2^31 subscriptions are INVAL', itself(0)),
  row('io', 'io-poll-zero', 'timers of 0 ns ring at once', itself(0)),
  row('io', 'io-poll-forever', 'a wait for the end of time ends with a stop', stopped()),
  row('io', 'io-close-standard', 'standard streams may be closed and replaced', itself(0), { stdout: /^before\n$/ }),
  row('io', 'io-standard-misused', 'a stream is not what it is not', itself(0)),
];

/** Exit codes as they are given and as Docker tells them. */
const exit_codes: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['1', 1],
  ['125', 125],
  ['126', 126],
  ['127', 127],
  ['137', 137],
  ['255', 255],
  ['256', 255],
  ['257', 1],
  ['65535', 255],
  ['2147483647', 255],
  ['2147483648', 255],
  ['4294967295', 255],
];

const process: readonly HostileGuest[] = [
  ...exit_codes.map(([given, told]) =>
    row('process', `exit-${given}`, `exit code ${given} is told as ${told}`, itself(told), {
      program: 'exit-code',
      args: [given],
    }),
  ),
  row('process', 'exit-at-start', 'an exit in the start function is an exit', itself(7)),
  row('process', 'exit-and-trap', 'the first exit counts, and nothing catches it', itself(7)),
  row('process', 'exit-134-itself', 'an exit with the code of a trap is none', itself(trap), {
    program: 'exit-134',
    never: /wasm trap/,
  }),
  row('process', 'trap-unreachable', 'a trap is 134 and says what it was', itself(trap), {
    stderr: /wasm trap: unreachable/,
  }),
  row('process', 'trap-divide', 'dividing by zero, too', itself(trap), { stderr: /wasm trap: divide by zero/ }),
  row('process', 'trap-outside', 'reading outside, too', itself(trap), { stderr: /wasm trap: memory access out/ }),
  row('process', 'trap-indirect', 'calling by another type, too', itself(trap), { stderr: /wasm trap: .*signature/ }),
  row('process', 'trap-at-start', 'in the start function, too', itself(trap), { stderr: /wasm trap: unreachable/ }),
  row('process', 'throw-uncaught', 'an exception that nobody catches, too', itself(trap), {
    stderr: /wasm trap: an exception that nobody caught/,
  }),
  row('process', 'process-signals', 'a signal to itself ends it', itself(killed), { never: /still there/ }),
  row('process', 'process-arguments', 'a hundred kilobytes of arguments arrive', itself(0), {
    args: Array.from({ length: 1000 }, (_, i) => `${i}${'a'.repeat(100)}`),
    stdout: /^arguments 1001 of 10/,
  }),
  row('process', 'process-environment', 'a megabyte of environment arrives', itself(0), {
    program: 'process-arguments',
    env: Array.from({ length: 10_000 }, (_, i) => `NAME${i}=${'e'.repeat(100)}`),
    stdout: /more than 10000 variables/,
  }),
  row('process', 'thread-bomb', 'there are no threads to start', refusal(/thread-spawn/)),
  row('process', 'import-fork', 'nor processes', refusal(/fork/)),
  row('process', 'import-prototype', 'what every object has is no import', refusal(/__proto__/)),
  row('process', 'import-other-type', 'a function of another type is refused', refusal(/fd_write/)),
  row('process', 'import-global', 'a function is no number', refusal(/fd_write/)),
  row('process', 'export-nothing', 'without a _start nothing runs', refusal(/_start/)),
  row('process', 'export-start-is-a-global', 'nor when it is no function', refusal(/_start/)),
  row('process', 'export-start-takes-a-parameter', 'one that wants parameters is a trap at worst', itself(trap)),
  row('process', 'export-host-function', "a function of the host's is as good as one of the guest's", itself(0)),
];

const network: readonly HostileGuest[] = [
  row('network', 'network-sockets', 'what is no socket is none', itself(0)),
  row('network', 'network-scan', 'no connection leads out that nobody asked for', itself(0)),
  row('network', 'clock-ids', 'there are four clocks', itself(0)),
];

const module: readonly HostileGuest[] = [
  ...(
    [
      ['empty', 'an empty file'],
      ['header-cut', 'half a header'],
      ['cut-in-half', 'half a module'],
      ['cut-at-last-byte', 'a module without its last byte'],
      ['wrong-magic', 'another file with a similar start'],
      ['wrong-version', 'a version of the future'],
      ['component', 'a component'],
      ['elf', 'a program of the host'],
      ['script', 'a script of the host'],
      ['section-too-long', 'a section of 4 GB that is not there'],
      ['section-too-short', 'a section shorter than what it holds'],
      ['section-twice', 'a section given twice'],
      ['section-order', 'sections in reverse'],
      ['section-unknown', 'a section that does not exist'],
      ['number-too-long', 'a number of six bytes'],
      ['types-without-end', '2^32 types in no bytes'],
      ['functions-without-code', 'functions without code'],
      ['code-without-functions', 'code without functions'],
      ['type-unknown', 'a type that is not there'],
      ['body-too-long', 'a body of 4 GB that is not there'],
      ['export-twice', 'a name exported twice'],
      ['export-of-nothing', 'an export of nothing'],
      ['export-name-no-utf8', 'a name that is no UTF-8'],
      ['start-unknown', 'a start function that is not there'],
      ['data-count-lies', 'data that is not there'],
      ['limits-upside-down', 'a maximum below the minimum'],
      ['memory-over-4-gib', 'a page more than there can be'],
      ['memory-page-size', 'pages of an odd size'],
    ] as const
  ).map(([name, what]) => row('module', name, `${what} is refused`, refusal(no_module))),
  row('module', 'header-only', 'a module of nothing has nothing to run', refusal(/_start/)),
  row('module', 'body-ill-typed', 'code that does not validate never runs', itself(trap)),
  row('module', 'body-unknown-opcode', 'nor does code that is none', itself(trap)),
  row('module', 'export-prototype', 'an export may have any name', itself(0)),
  row('module', 'names-steer-terminals', 'names in a trap steer no terminal', itself(trap), {
    stderr: /wasm-function\[0\]/,
    // oxlint-disable-next-line no-control-regex -- what must not be there
    never: /[\u0000-\u0009\u000B-\u001F\u007F\u202E]/,
  }),
  row('module', 'names-endless', 'names in a trap end somewhere', itself(trap), { never: /n{1000}/ }),
  row('module', 'names-lie', 'names of what is not there do no harm', itself(0)),
  row('module', 'names-nonsense', 'nor does a broken section of names', itself(0)),
  row('module', 'names-like-frames', 'names that look like frames add none', itself(trap), {
    never: /^ +at (?:host|.*\[1\]:0x1\)$)/m,
  }),
];

export const hostile_guests: readonly HostileGuest[] = [
  ...cpu,
  ...memory,
  ...pointers,
  ...files,
  ...io,
  ...process,
  ...network,
  ...module,
];
