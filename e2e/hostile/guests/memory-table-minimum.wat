;; A table of four thousand million entries from the start.
(module (table 4294967295 funcref) (memory (export "memory") 1) (func (export "_start")))
