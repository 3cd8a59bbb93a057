;; 4 GiB from the start, of which the last byte is written.
(module
  (memory (export "memory") 65536)
  (func (export "_start") (i32.store8 (i32.const 0xffffffff) (i32.const 1))))
