(module
  (memory (export "memory") i64 2)
  (func (export "_start")))
