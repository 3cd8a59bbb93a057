;; Waits for ever on memory of its own that nobody else has.
(module
  (memory (export "memory") 1 1 shared)
  (func (export "_start")
    (loop (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))) (br 0))))
