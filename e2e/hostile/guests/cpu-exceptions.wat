;; Throws and catches without end.
(module
  (memory (export "memory") 1)
  (tag $e (param i32))
  (func $throws (throw $e (i32.const 1)))
  (func (export "_start") (loop (drop (try (result i32) (do (call $throws) (i32.const 0)) (catch $e))) (br 0))))
