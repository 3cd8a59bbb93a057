;; A memory of nothing: every pointer is FAULT (21), and no length of it can be written.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 0)
  (func $fault (param i32) (if (i32.ne (local.get 0) (i32.const 21)) (then (call $exit (i32.const 1)))))
  (func (export "_start")
    (call $fault (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0)))
    (call $fault (call $write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
    (call $fault (call $random (i32.const 0) (i32.const 1)))
    (call $fault (call $time (i32.const 0) (i64.const 0) (i32.const 0)))))
