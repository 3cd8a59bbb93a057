;; Two memories, of which one is the guest's to the host: pointers mean that one.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory $a 4) (memory $b (export "memory") 1)
  (func (export "_start") (call $exit (call $random (i32.const 131072) (i32.const 8)))))
