;; Data for a place that the memory does not have.
(module (memory (export "memory") 1) (data (i32.const 65535) "outside") (func (export "_start")))
