/**
 * What `proc_exit` throws through the guest. It is a real trap, made once by a module that does nothing else: the
 * `catch_all` of a guest with exceptions swallows any thrown object, but no trap.
 */
let signal: unknown = null;

// (module (func (export "t") unreachable))
const trapping = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00, 0x07,
  0x05, 0x01, 0x01, 0x74, 0x00, 0x00, 0x0a, 0x05, 0x01, 0x03, 0x00, 0x00, 0x0b,
]);

/** The one object that `proc_exit` throws; the exit code is in the host's state. */
export function exitSignal(): unknown {
  if (signal === null) {
    const { t } = new WebAssembly.Instance(new WebAssembly.Module(trapping)).exports;
    try {
      (t as () => void)();
    } catch (trap) {
      signal = trap;
    }
  }
  return signal;
}

/** Exit codes 0-255 are as they are; of a larger one its low 8 bits, or 255 if those are 0. */
export function exitCode(code: number): number {
  return code <= 255 ? code : code & 255 || 255;
}
