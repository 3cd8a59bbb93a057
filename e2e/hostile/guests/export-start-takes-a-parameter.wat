;; Its _start wants a reference, from whoever calls it.
(module (memory (export "memory") 1) (func (export "_start") (param externref i64) (result i64) (local.get 1)))
