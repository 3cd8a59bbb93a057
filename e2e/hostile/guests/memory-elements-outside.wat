;; Functions for places that the table does not have.
(module (table 1 funcref) (memory (export "memory") 1) (elem (i32.const 0xfffffff0) $f) (func $f) (func (export "_start")))
