;; Calls a function by another type.
(module
  (type $other (func (param i64)))
  (memory (export "memory") 1) (table 1 funcref) (elem (i32.const 0) $f) (func $f)
  (func (export "_start") (call_indirect (type $other) (i64.const 1) (i32.const 0))))
