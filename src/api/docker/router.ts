import createFinder from 'find-my-way';

import { WherryError } from '../../errors/index.ts';
import { path_bytes_max } from '../../limits/index.ts';
import type { Method, Route } from './route.ts';
import { compareVersions, newest_version, oldest_version } from './version.ts';

export interface FoundRoute {
  readonly route: Route;
  readonly version: string;
  readonly params: Readonly<Record<string, string>>;
}

/** A name that may hold slashes, between what stands before and after it in a pattern. */
interface Slashed {
  readonly method: Method;
  readonly before: string;
  readonly after: string;
}

/** Finds the route for a request and refuses versions that are not spoken. */
export class Router {
  readonly #finder = createFinder({ maxParamLength: path_bytes_max });
  readonly #slashed: readonly Slashed[];

  constructor(routes: readonly Route[]) {
    const slashed: Slashed[] = [];
    for (const route of routes) {
      const { method, pattern } = route;
      const name = /\{\w+:\.\*\}/.exec(pattern);
      if (name !== null) {
        const after = pattern.slice(name.index + name[0].length);
        slashed.push({ method, before: pattern.slice(0, name.index), after });
      }
      const path = pattern.replaceAll(/\{(\w+)(?::\.\*)?\}/g, ':$1');
      this.#finder.on(method, path, () => {}, route);
    }
    this.#slashed = slashed.sort((a, b) => b.after.length - a.after.length);
  }

  /**
   * @throws WherryError NotFound for an unknown path or method, InvalidArgument for a version that is too old or new
   */
  find(method: string, url: string): FoundRoute {
    const { route, version, params } = this.#match(method, url) ?? notFound();
    if (compareVersions(version, oldest_version) < 0) {
      throw new WherryError(
        'InvalidArgument',
        `client version ${version} is too old. Minimum supported API version is ${oldest_version}, please upgrade your client to a newer version`,
      );
    }
    if (compareVersions(version, newest_version) > 0) {
      throw new WherryError(
        'InvalidArgument',
        `client version ${version} is too new. Maximum supported API version is ${newest_version}`,
      );
    }
    const { min_version, pattern } = route;
    if (min_version !== undefined && compareVersions(version, min_version) < 0) {
      throw new WherryError('InvalidArgument', `${method} ${pattern} requires minimum API version ${min_version}`);
    }
    return { route, version, params };
  }

  /** Whether the request is for a route that takes the connection over. */
  hijacks(method: string, url: string): boolean {
    return this.#match(method, url)?.route.hijacks === true;
  }

  #match(method: string, url: string): FoundRoute | null {
    const whole = url.split('?', 1)[0]!;
    const versioned = /^\/v([0-9.]+)(\/.*)$/.exec(whole);
    const version = versioned?.[1] ?? newest_version;
    const path = this.#encode(method, versioned?.[2] ?? whole);
    const found = this.#finder.find(method as Method, path);
    if (found === null) return null;
    return { route: found.store as Route, version, params: found.params as Record<string, string> };
  }

  /** The finder takes one part of a path for a name; slashes in it have to be escaped first. */
  #encode(method: string, path: string): string {
    for (const { method: of, before, after } of this.#slashed) {
      if (of !== method || !path.startsWith(before) || !path.endsWith(after)) continue;
      const name = path.slice(before.length, path.length - after.length);
      if (path.length <= before.length + after.length) continue;
      return before + name.replaceAll('/', '%2F') + after;
    }
    return path;
  }
}

function notFound(): never {
  throw new WherryError('NotFound', 'page not found');
}

/** The version a request's path names, whether it is spoken or not. */
export function versionOf(url: string): string {
  return /^\/v([0-9.]+)\//.exec(url)?.[1] ?? newest_version;
}
