# Reads JSON on stdin, an object a line, and counts the values of a key: script.rb KEY
require 'json'

key = ARGV.fetch(0) { abort 'usage: script.rb KEY < FILE' }
counts = $stdin.each_line.map { |line| JSON.parse(line)[key] }.tally
counts.sort_by { |value, count| [-count, value.to_s] }.each { |value, count| puts format('%5d %s', count, value) }
