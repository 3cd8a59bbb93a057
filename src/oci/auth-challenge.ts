/** One way a server offers to be authenticated to: its scheme in lower case and its parameters. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Reads a `WWW-Authenticate` header, which may hold several challenges; what is malformed ends it. RFC 9110, 11.6.1. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const pattern = /[\s,]*([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y;
  while (pattern.lastIndex < header.length) {
    const found = pattern.exec(header);
    if (found === null) break;
    const [, name, quoted, bare] = found;
    if (quoted === undefined && bare === undefined) {
      challenges.push({ scheme: name!.toLowerCase(), parameters: new Map() });
      continue;
    }
    const value = quoted === undefined ? bare! : quoted.replace(/\\(.)/g, '$1');
    challenges.at(-1)?.parameters.set(name!.toLowerCase(), value);
  }
  return challenges;
}
