;; Starts threads without end, were there any to start.
(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "env" "memory" (memory 1 1 shared))
  (func (export "wasi_thread_start") (param i32 i32) (drop (call $spawn (i32.const 0))))
  (func (export "_start") (loop (drop (call $spawn (i32.const 0))) (br 0))))
