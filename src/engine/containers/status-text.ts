import type { Container } from './container.ts';

/** What lists say of a container's state: `Up 5 minutes`, `Exited (0) 2 hours ago`. */
export function statusText({ status, state }: Container, now: Date): string {
  const since = (time: string): string => humanDuration(now.getTime() - Date.parse(time));
  switch (status) {
    case 'running':
      return `Up ${since(state.started_at)}`;
    case 'paused':
      return `Up ${since(state.started_at)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exit_code}) ${since(state.finished_at)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
    case 'exited':
      return `Exited (${state.exit_code}) ${since(state.finished_at)} ago`;
  }
}

/** A duration as Docker words it, roughly. */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 14) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 60) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}
