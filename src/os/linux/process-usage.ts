import { readFileSync } from 'node:fs';

/** What a process has used so far, and has now. */
export interface ProcessUsage {
  readonly user_us: number;
  readonly system_us: number;
  readonly threads: number;
  /** Its part of the memory that it shares with others counts for a part only, where the kernel tells. */
  readonly memory_bytes: number;
}

/** Clock ticks of proc(5): a hundred a second wherever Linux runs Node. */
const tick_us = 10_000;

/** null when there is no such process any more. */
export function processUsage(pid: number): ProcessUsage | null {
  try {
    const fields = statFields(pid);
    return {
      user_us: Number(fields[11]) * tick_us,
      system_us: Number(fields[12]) * tick_us,
      threads: Number(fields[17]),
      memory_bytes: memoryBytes(pid),
    };
  } catch {
    return null;
  }
}

/** How long a process has run on a processor so far, in microseconds; null when there is no such process any more. */
export function processorTime(pid: number): number | null {
  try {
    const fields = statFields(pid);
    return (Number(fields[11]) + Number(fields[12])) * tick_us;
  } catch {
    return null;
  }
}

/** The fields of proc_pid_stat(5) from the third on: the name before them may hold anything. */
function statFields(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function memoryBytes(pid: number): number {
  try {
    return kilobytes(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'), 'Pss') * 1024;
  } catch {
    // It has become another user.
    return kilobytes(readFileSync(`/proc/${pid}/status`, 'latin1'), 'RssAnon') * 1024;
  }
}

function kilobytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);
}
