;; A table grown until it may not grow: a bound comes before the host's memory does.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (table $t 0 funcref)
  (func (export "_start")
    (local $step i32)
    (local.set $step (i32.const 4194304))
    (loop $grow
      (if (i32.eq (table.grow $t (ref.null func) (local.get $step)) (i32.const -1))
        (then (local.set $step (i32.shr_u (local.get $step) (i32.const 1)))))
      (br_if $grow (local.get $step)))
    (call $exit (i32.gt_u (table.size $t) (i32.const 10000000)))))
