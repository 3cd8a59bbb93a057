;; The same through a table, with a hundred locals at each level.
(module
  (type $deep (func (param i64) (result i64)))
  (memory (export "memory") 1)
  (table 1 funcref)
  (elem (i32.const 0) $deeper)
  (func $deeper (type $deep)
    (local v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128)
    (local.set 1 (i64x2.splat (local.get 0)))
    (i64.add (call_indirect (type $deep) (i64.add (local.get 0) (i64.const 1)) (i32.const 0)) (i64x2.extract_lane 0 (local.get 1))))
  (func (export "_start") (drop (call_indirect (type $deep) (i64.const 0) (i32.const 0)))))
