;; No memory at all, and calls that need one.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (func $fault (param i32) (if (i32.ne (local.get 0) (i32.const 21)) (then (call $exit (i32.const 1)))))
  (func (export "_start")
    (call $fault (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0)))
    (call $fault (call $args (i32.const 0) (i32.const 0)))
    (call $fault (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))))
