;; Imports by names that a JavaScript object has without being asked.
(module
  (import "__proto__" "constructor" (func (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "toString" (func (result i32)))
  (import "wasi_snapshot_preview1" "__proto__" (func (result i32)))
  (import "constructor" "prototype" (func))
  (memory (export "memory") 1) (func (export "_start")))
