<?php
// Prints what stands on stdin with its lines numbered: script.php [FIRST_NUMBER]
$number = (int) ($argv[1] ?? 1);
$input = fopen('/dev/stdin', 'r');
if (!$input) exit(1);
while (($line = fgets($input)) !== false) {
    printf("%6d  %s\n", $number++, rtrim($line, "\n"));
}
