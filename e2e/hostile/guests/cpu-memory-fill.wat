;; One instruction that takes long, again and again.
(module
  (memory (export "memory") 512)
  (func (export "_start") (loop (memory.fill (i32.const 0) (i32.const 7) (i32.const 33554432)) (br 0))))
