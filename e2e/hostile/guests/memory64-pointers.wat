;; A host call with a memory of 64-bit addresses, and an access behind its end.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") i64 1)
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 0)))
    (i32.store (i64.const 0x7fffffffffffffff) (i32.const 1))))
