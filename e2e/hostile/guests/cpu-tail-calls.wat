;; Tail calls without end: no stack grows, no loop is seen.
(module (memory (export "memory") 1) (func $next (return_call $next)) (func (export "_start") (call $next)))
