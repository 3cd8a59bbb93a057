(module
  (import "env" "memory" (memory 1 1000 shared))
  (memory 1 70 shared))
