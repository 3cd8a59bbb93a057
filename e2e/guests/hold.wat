;; Fills its memory to the end, says so, and sleeps for an hour.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "full\n")
  (func (export "_start")
    (block $full
      (loop $more
        (br_if $full (i32.eq (memory.grow (i32.const 1)) (i32.const -1)))
        (memory.fill
          (i32.shl (i32.sub (memory.size) (i32.const 1)) (i32.const 16)) (i32.const 1) (i32.const 65536))
        (br $more)))
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 5))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    ;; One subscription: clock 1 (monotonic) at 112, timeout at 120.
    (i32.store (i32.const 112) (i32.const 1))
    (i64.store (i32.const 120) (i64.const 3600000000000))
    (drop (call $poll (i32.const 96) (i32.const 160) (i32.const 1) (i32.const 224)))))
