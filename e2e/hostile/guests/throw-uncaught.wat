;; Throws what nobody catches.
(module (memory (export "memory") 1) (tag $e (param i32)) (func (export "_start") (throw $e (i32.const 42))))
