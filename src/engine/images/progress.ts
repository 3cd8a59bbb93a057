/** One object of a progress stream, in the names of Docker's API. */
export interface Progress {
  readonly stream?: string;
  readonly status?: string;
  /** 12 hex digits of a layer, or the tag that is pulled. */
  readonly id?: string;
  readonly progressDetail?: ProgressDetail;
  /** What programs read of it. */
  readonly aux?: object;
}

export interface ProgressDetail {
  readonly current?: number;
  readonly total?: number;
  /** `s` when `current` counts seconds; bytes when left out. */
  readonly units?: string;
}

export type Report = (progress: Progress) => void;

/** Lets at most one report through in `interval_ms`; for steps that only say how far something is. */
export function slowly(report: Report, interval_ms: number): Report {
  let next = 0;
  return (progress) => {
    const now = performance.now();
    if (now < next) return;
    next = now + interval_ms;
    report(progress);
  };
}

/** The 12 digits by which progress and messages call a digest. */
export function shortId(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, 12);
}
