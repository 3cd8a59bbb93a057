;; Addresses of 64 bits and the largest maximum that they have.
(module
  (memory (export "memory") i64 1 0x1000000000000)
  (func (export "_start") (drop (memory.grow (i64.const 0x100000000)))))
