;; A counter in shared memory is a clock for whoever has a second thread; here there is none, and it only counts.
(module
  (memory (export "memory") 1 1 shared)
  (func (export "_start")
    (loop (br_if 0 (i32.lt_u (i32.atomic.rmw.add (i32.const 0) (i32.const 1)) (i32.const 1000000))))
    (drop (memory.atomic.notify (i32.const 0) (i32.const -1)))))
