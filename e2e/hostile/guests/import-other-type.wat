;; A function of WASI's by another type: a 64-bit pointer, and no result.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i64 i32 i64)))
  (memory (export "memory") 1) (func (export "_start")))
