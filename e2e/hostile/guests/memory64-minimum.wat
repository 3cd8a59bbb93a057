;; 64 bits, and 2^37 pages from the start.
(module (memory (export "memory") i64 0x2000000000) (func (export "_start")))
