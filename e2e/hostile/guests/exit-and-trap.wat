;; What exits does not go on: neither to the trap nor to the other exit, nor does a catch of everything stop it.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (try (do (call $exit (i32.const 7))) (catch_all (call $exit (i32.const 8))))
    (call $exit (i32.const 9))
    unreachable))
