;; Exits with 7 in its start function.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (func $start (call $exit (i32.const 7))) (start $start)
  (func (export "_start") (call $exit (i32.const 8))))
