;; Fills several memories to the end of each: more in all than the limit of any one of them.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (memory $m1 1)
  (memory $m2 1)
  (memory $m3 1)
  (memory $m4 1)
  (memory $m5 1)
  (memory $m6 1)
  (memory $m7 1)
  (data (i32.const 16) "filling\n")
  (data (i32.const 32) "full\n")
  (func $say (param $at i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    (call $say (i32.const 16) (i32.const 8))
    (block $full1
      (loop $more1
        (br_if $full1 (i32.eq (memory.grow $m1 (i32.const 1)) (i32.const -1)))
        (memory.fill $m1
          (i32.shl (i32.sub (memory.size $m1) (i32.const 1)) (i32.const 16)) (i32.const 1) (i32.const 65536))
        (br $more1)))
    (block $full2
      (loop $more2
        (br_if $full2 (i32.eq (memory.grow $m2 (i32.const 1)) (i32.const -1)))
        (memory.fill $m2
          (i32.shl (i32.sub (memory.size $m2) (i32.const 1)) (i32.const 16)) (i32.const 1) (i32.const 65536))
        (br $more2)))
    (block $full3
      (loop $more3
        (br_if $full3 (i32.eq (memory.grow $m3 (i32.const 1)) (i32.const -1)))
        (memory.fill $m3
          (i32.shl (i32.sub (memory.size $m3) (i32.const 1)) (i32.const 16)) (i32.const 1) (i32.const 65536))
        (br $more3)))
    (block $full4
      (loop $more4
        (br_if $full4 (i32.eq (memory.grow $m4 (i32.const 1)) (i32.const -1)))
        (memory.fill $m4
          (i32.shl (i32.sub (memory.size $m4) (i32.const 1)) (i32.const 16)) (i32.const 1) (i32.const 65536))
        (br $more4)))
    (block $full5
      (loop $more5
        (br_if $full5 (i32.eq (memory.grow $m5 (i32.const 1)) (i32.const -1)))
        (memory.fill $m5
          (i32.shl (i32.sub (memory.size $m5) (i32.const 1)) (i32.const 16)) (i32.const 1) (i32.const 65536))
        (br $more5)))
    (block $full6
      (loop $more6
        (br_if $full6 (i32.eq (memory.grow $m6 (i32.const 1)) (i32.const -1)))
        (memory.fill $m6
          (i32.shl (i32.sub (memory.size $m6) (i32.const 1)) (i32.const 16)) (i32.const 1) (i32.const 65536))
        (br $more6)))
    (block $full7
      (loop $more7
        (br_if $full7 (i32.eq (memory.grow $m7 (i32.const 1)) (i32.const -1)))
        (memory.fill $m7
          (i32.shl (i32.sub (memory.size $m7) (i32.const 1)) (i32.const 16)) (i32.const 1) (i32.const 65536))
        (br $more7)))
    (call $say (i32.const 32) (i32.const 5))))
