"""Reads CSV on stdin and prints the sum of each column of numbers."""

import csv
import sys
from decimal import Decimal, InvalidOperation

rows = csv.DictReader(sys.stdin)
sums = {}
for row in rows:
    for column, value in row.items():
        try:
            sums[column] = sums.get(column, 0) + Decimal(value)
        except InvalidOperation:
            pass

if not sums:
    sys.exit("script.py: no numbers on stdin")
for column, total in sums.items():
    print(f"{column:<12} {total:>10}")
