;; A loop without end and without a call: nothing reaches it but the kernel.
(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))
