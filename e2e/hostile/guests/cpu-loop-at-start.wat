;; The loop without end is the start function, before there is an instance.
(module (memory (export "memory") 1) (func $start (loop (br 0))) (start $start) (func (export "_start")))
