import { fdflag, type OpenListener, type OpenSocket } from '../descriptors.ts';
import { errno, type ErrnoName, fail } from '../errno.ts';
import { right, socket_rights } from '../rights.ts';
import type { StreamSocket } from '../sockets.ts';
import { type Calls, settle, type State } from '../state.ts';

const riflag = { peek: 1, wait_all: 2 } as const;
const truncated = 1;
const sdflag = { read: 1, write: 2 } as const;

/**
 * The socket calls of preview 1, and WasmEdge's, which answer NOTSUP. `sock_accept` of two parameters is WasmEdge's: a
 * guest calls with as many as its import has, so the missing one tells them apart.
 */
export function sockCalls(state: State, suspending: boolean): Calls {
  const { memory, descriptors } = state;

  /** A connection; what Linux says of a listening socket in its place is `listening`. */
  function connection(fd: number, needed: number, listening: ErrnoName): StreamSocket {
    const opened = socket(fd, needed);
    if (opened.kind === 'listener') throw fail(listening);
    return opened.file;
  }

  function socket(fd: number, needed: number): OpenSocket | OpenListener {
    const opened = descriptors.file(fd, 0);
    if (opened.kind === 'file') throw fail('NOTSOCK');
    descriptors.get(fd, needed);
    return opened;
  }

  const calls: Record<string, Calls[string]> = {
    sock_accept(fd: number, flags: number, result?: number) {
      if (result === undefined) throw fail('NOTSUP');
      const opened = descriptors.file(fd, 0);
      if (opened.kind !== 'listener') throw fail(opened.kind === 'socket' ? 'INVAL' : 'NOTSOCK');
      descriptors.get(fd, right.sock_accept);
      if ((flags & ~fdflag.nonblock) !== 0) throw fail('INVAL');
      memory.at(result >>> 0, 4);
      descriptors.ensureRoom();
      const rights = opened.inheriting & socket_rights;
      return settle(opened.file.accept({ nonblock: flags === fdflag.nonblock }), suspending, (file) => {
        memory.set32(result >>> 0, descriptors.add({ kind: 'socket', file, rights, inheriting: 0, flags }));
        return errno.SUCCESS;
      });
    },

    sock_recv(fd: number, iovecs: number, count: number, flags: number, bytes: number, out_flags: number) {
      const from = connection(fd, right.fd_read, 'NOTCONN');
      if ((flags & ~(riflag.peek | riflag.wait_all)) !== 0) throw fail('INVAL');
      memory.at(bytes >>> 0, 4);
      memory.at(out_flags >>> 0, 2);
      const received = from.receive(memory.buffers(iovecs >>> 0, count >>> 0), {
        peek: (flags & riflag.peek) !== 0,
        wait_all: (flags & riflag.wait_all) !== 0,
      });
      return settle(received, suspending, (result) => {
        memory.set32(bytes >>> 0, result.bytes);
        memory.at(out_flags >>> 0, 2).setUint16(out_flags >>> 0, result.truncated ? truncated : 0, true);
        return errno.SUCCESS;
      });
    },

    sock_send(fd: number, iovecs: number, count: number, flags: number, bytes: number) {
      const to = connection(fd, right.fd_write, 'PIPE');
      if (flags !== 0) throw fail('INVAL');
      memory.at(bytes >>> 0, 4);
      return settle(to.send(memory.buffers(iovecs >>> 0, count >>> 0)), suspending, (sent) => {
        memory.set32(bytes >>> 0, sent);
        return errno.SUCCESS;
      });
    },

    sock_shutdown(fd: number, how: number) {
      const shut = socket(fd, right.sock_shutdown).file;
      if (how === 0 || (how & ~(sdflag.read | sdflag.write)) !== 0) throw fail('INVAL');
      shut.shutdown({ read: (how & sdflag.read) !== 0, write: (how & sdflag.write) !== 0 });
      return errno.SUCCESS;
    },
  };
  for (const name of wasmedge_calls) calls[name] = () => errno.NOTSUP;
  return calls;
}

/** What WasmEdge adds to preview 1, as builds of Rust, QuickJS and Go for it import it. */
export const wasmedge_calls: readonly string[] = [
  'sock_open',
  'sock_bind',
  'sock_listen',
  'sock_connect',
  'sock_recv_from',
  'sock_send_to',
  'sock_setsockopt',
  'sock_getsockopt',
  'sock_getlocaladdr',
  'sock_getpeeraddr',
  'sock_getaddrinfo',
  'sock_open_v2',
  'sock_bind_v2',
  'sock_listen_v2',
  'sock_accept_v2',
  'sock_connect_v2',
  'sock_recv_v2',
  'sock_recv_from_v2',
  'sock_send_v2',
  'sock_send_to_v2',
  'sock_getlocaladdr_v2',
  'sock_getpeeraddr_v2',
];
