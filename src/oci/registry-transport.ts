import { WherryError } from '../errors/index.ts';
import { registry_redirects_max, registry_token_bytes_max } from '../limits/index.ts';
import { type Challenge, parseChallenges } from './auth-challenge.ts';
import { encodeUtf8 } from './bytes.ts';
import { JsonFields } from './json-fields.ts';
import {
  discardBody,
  type Fetch,
  type FetchBody,
  type FetchResponse,
  readBody,
  type RegistryMethod,
} from './registry-fetch.ts';
import { networkReason } from './registry-error.ts';

/** What a user logs in to a registry with. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** A refresh token that a login gave earlier. */
  | { readonly identityToken: string }
  /** A bearer token to be sent as it is. */
  | { readonly registryToken: string }
  /** A whole `Authorization` to be sent as it is. */
  | { readonly authorization: string };

export interface TransportOptions {
  readonly fetch: Fetch;
  /**
   * The credentials for a registry by the domain of its references (`docker.io`, `localhost:5000`). Asked once, when
   * the registry first wants some.
   */
  readonly credentials?: (domain: string) => Credentials | undefined | Promise<Credentials | undefined>;
  /** Registries, `host` or `host:port`, that are spoken to without TLS, besides this machine. */
  readonly insecureRegistries?: readonly string[];
  readonly userAgent?: string;
  /** Sent with every request to the registry itself. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where a registry is served, when that is not what its domain says. */
export interface RegistryHost {
  /** `https://mirror.example:5000`. */
  readonly origin: string;
  /** What stands before `/<repository>/...`: `/v2`. */
  readonly path: string;
  readonly can: { readonly pull: boolean; readonly resolve: boolean; readonly push: boolean };
  readonly headers: Readonly<Record<string, string>>;
  /** HTTP with TLS settings of its own; the transport's without. */
  readonly fetch?: Fetch;
}

export interface RegistryRequest {
  readonly method: RegistryMethod;
  /** The part of the URL after the host's path: `/<repository>/...`; or where an upload goes on. */
  readonly path: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** The path of the repository a token must be good for; none for a login. */
  readonly repository?: string;
  /** What the token must allow there; pulling when left out. */
  readonly actions?: 'pull' | 'pull,push';
  /** Another repository that must be allowed to be pulled from. */
  readonly mountFrom?: string;
  /** Makes the body, anew for each time it is sent. */
  readonly body?: () => FetchBody;
  readonly signal?: AbortSignal | undefined;
}

const dockerHub = 'registry-1.docker.io';

/**
 * Requests to one registry, with its authentication and redirects. Credentials go to the registry's own host and
 * port, and to the token server that this very host names, if that is reached by TLS or is the same host. They never
 * follow a redirect to another origin, and a challenge from there is not answered.
 */
export class RegistryTransport {
  readonly origin: string;
  readonly #path: string;
  readonly #domain: string;
  readonly #options: TransportOptions;
  readonly #host: RegistryHost | null;
  readonly #fetch: Fetch;
  #asked: Promise<Credentials | undefined> | null = null;
  /** The `Authorization` to send, by what it allows. */
  readonly #authorizations: Map<string, string> = new Map();

  constructor(domain: string, options: TransportOptions, host: RegistryHost | null = null) {
    const name = domain === 'docker.io' ? dockerHub : domain;
    this.#domain = domain;
    this.#options = options;
    this.#host = host;
    this.#fetch = host?.fetch ?? options.fetch;
    this.origin = host?.origin ?? `${isPlain(name, options.insecureRegistries ?? []) ? 'http' : 'https'}://${name}`;
    this.#path = host?.path ?? '/v2';
  }

  /** What this host is for. */
  get can(): RegistryHost['can'] {
    return this.#host?.can ?? { pull: true, resolve: true, push: true };
  }

  /** Whether the registry has asked for credentials and there are none. */
  async lacksCredentials(): Promise<boolean> {
    return (await this.#credentials()) === undefined;
  }

  /** The URL of a request, for messages. */
  url(path: string | URL): URL {
    if (path instanceof URL) return path;
    const url = new URL(`${this.origin}${this.#path}${path}`);
    // A mirror must know whose repository is meant.
    const isOther = this.#host !== null && url.host !== this.#domain && this.#domain !== 'docker.io';
    if (isOther && path !== '/') url.searchParams.set('ns', this.#domain);
    return url;
  }

  /** Sends a request; an answer of 401 or 403 is one that stands although what is known of credentials was tried. */
  async request(request: RegistryRequest): Promise<FetchResponse> {
    const scopes = scopesOf(request);
    const key = scopes.join(' ');
    const { response, answeredBy } = await this.#follow(request, this.#authorizations.get(key));
    if (response.status !== 401 || answeredBy !== this.origin) return response;
    const header = response.headers.get('www-authenticate') ?? '';
    const authorization = await this.#answer(parseChallenges(header), scopes, request.signal);
    if (authorization === undefined) return response;
    await discardBody(response);
    this.#authorizations.set(key, authorization);
    const again = await this.#follow(request, authorization);
    if (again.response.status === 401) this.#authorizations.delete(key);
    return again.response;
  }

  /**
   * Where an upload goes on, by the `Location` of an answer to `from`.
   *
   * @throws WherryError Unknown when that is not reached by TLS although the registry is
   */
  locate(location: string, from: URL): URL {
    return this.#redirected(location, from);
  }

  async #follow(
    request: RegistryRequest,
    authorization: string | undefined,
  ): Promise<{ response: FetchResponse; answeredBy: string }> {
    let url = this.url(request.path);
    for (let redirects = 0; redirects <= registry_redirects_max; redirects++) {
      const isOwn = url.origin === this.origin;
      // Sizes and ranges are those of the content itself, so it must come as it is.
      const headers: Record<string, string> = { 'accept-encoding': 'identity', ...request.headers, ...this.#agent() };
      if (isOwn) Object.assign(headers, this.#options.headers, this.#host?.headers);
      if (isOwn && authorization !== undefined) headers['authorization'] = authorization;
      const response = await this.#send(request.method, url, headers, request.signal, request.body?.());
      const location = response.headers.get('location');
      // What was sent with a body is only sent again where the server says so.
      const redirecting = request.body === undefined ? [301, 302, 303, 307, 308] : [307, 308];
      if (!redirecting.includes(response.status) || location === null) return { response, answeredBy: url.origin };
      await discardBody(response);
      url = this.#redirected(location, url);
    }
    throw new WherryError('Unknown', `${this.origin} redirects more than ${registry_redirects_max} times`);
  }

  #redirected(location: string, from: URL): URL {
    const to = URL.parse(location, from.href);
    const isPlainHost = to !== null && isPlain(to.host, this.#options.insecureRegistries ?? []);
    const isAllowed =
      to?.protocol === 'https:' || (to?.protocol === 'http:' && (isPlainHost || from.protocol === 'http:'));
    if (to !== null && isAllowed) return to;
    throw new WherryError(
      'Unknown',
      `${from.host} redirects to ${JSON.stringify(location.slice(0, 200))}, not to https`,
    );
  }

  async #send(
    method: RegistryMethod,
    url: URL,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
    body?: FetchBody,
  ): Promise<FetchResponse> {
    try {
      return await this.#fetch(url.href, {
        method,
        headers,
        redirect: 'manual',
        ...(signal === undefined ? {} : { signal }),
        ...(body === undefined ? {} : { body }),
      });
    } catch (cause) {
      if (signal?.aborted === true) throw new WherryError('Cancelled', 'the request was cancelled', { cause });
      const verb = method.charAt(0) + method.slice(1).toLowerCase();
      // The query may hold a signature that is as good as a password.
      const shown = `${verb} "${url.origin}${url.pathname}"`;
      throw new WherryError('Unknown', `failed to do request: ${shown}: ${networkReason(cause)}`, { cause });
    }
  }

  /** The `Authorization` that answers the first challenge that can be; undefined when none can. */
  async #answer(
    challenges: readonly Challenge[],
    scopes: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const credentials = await this.#credentials();
    if (credentials !== undefined && 'registryToken' in credentials) return `Bearer ${credentials.registryToken}`;
    if (credentials !== undefined && 'authorization' in credentials) return credentials.authorization;
    const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
    if (bearer !== undefined) return this.#token(bearer, scopes, signal);
    const takesBasic = challenges.some((challenge) => challenge.scheme === 'basic');
    if (takesBasic && credentials !== undefined && 'password' in credentials) return basic(credentials);
    return undefined;
  }

  /** Asks the token server; undefined when it refuses. distribution's token authentication specification. */
  async #token(
    challenge: Challenge,
    scopes: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const realm = this.#realm(challenge.parameters.get('realm') ?? '');
    const service = challenge.parameters.get('service');
    const query: [string, string][] = service === undefined ? [] : [['service', service]];
    const offered = scopes.length === 1 ? challenge.parameters.get('scope') : undefined;
    for (const scope of scopes) query.push(['scope', asOffered(scope, offered)]);
    const response = await this.#askForToken(realm, query, signal);
    if (response.status === 401 || response.status === 403) {
      await discardBody(response);
      return undefined;
    }
    const body = response.status === 200 ? await readBody(response, registry_token_bytes_max) : undefined;
    if (body === undefined) {
      await discardBody(response);
      throw new WherryError('Unknown', `failed to fetch a token from ${realm.origin}: status ${response.status}`);
    }
    const fields = JsonFields.parse(body, `the token of ${realm.origin}`, registry_token_bytes_max);
    const token = fields.optionalString('token') ?? fields.optionalString('access_token') ?? '';
    if (!/^[\x21-\x7e]+$/.test(token)) throw fields.problem('token', 'is missing or is no token');
    return `Bearer ${token}`;
  }

  async #askForToken(
    realm: URL,
    query: readonly [string, string][],
    signal: AbortSignal | undefined,
  ): Promise<FetchResponse> {
    const credentials = await this.#credentials();
    const headers: Record<string, string> = { accept: 'application/json', ...this.#agent() };
    if (credentials !== undefined && 'identityToken' in credentials) {
      headers['content-type'] = 'application/x-www-form-urlencoded';
      const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'wherry' });
      form.set('refresh_token', credentials.identityToken);
      // One field with all of them, as OAuth has it.
      const scopes = query.flatMap(([name, value]) => (name === 'scope' ? [value] : []));
      for (const [name, value] of query) if (name !== 'scope') form.set(name, value);
      if (scopes.length > 0) form.set('scope', scopes.join(' '));
      return this.#send('POST', realm, headers, signal, form.toString());
    }
    const url = new URL(realm.href);
    for (const [name, value] of query) url.searchParams.append(name, value);
    if (credentials !== undefined && 'password' in credentials) {
      headers['authorization'] = basic(credentials);
      url.searchParams.set('account', credentials.username);
    }
    return this.#send('GET', url, headers, signal);
  }

  #credentials(): Promise<Credentials | undefined> {
    // A mirror is told nothing that was meant for the registry it stands before.
    const host = this.#host === null ? this.#domain : new URL(this.#host.origin).host;
    this.#asked ??= Promise.resolve(this.#options.credentials?.(host));
    return this.#asked;
  }

  /** Where to get a token: whatever host the registry names by TLS, or without TLS only itself. */
  #realm(text: string): URL {
    const realm = URL.parse(text);
    const isSafe = realm !== null && (realm.protocol === 'https:' || realm.origin === this.origin);
    if (isSafe && realm.username === '' && realm.password === '') return realm;
    const shown = JSON.stringify(text.slice(0, 200));
    throw new WherryError('Unknown', `${this.origin} sends for tokens to ${shown}, which is neither https nor itself`);
  }

  #agent(): Record<string, string> {
    return this.#options.userAgent === undefined ? {} : { 'user-agent': this.#options.userAgent };
  }
}

/** The scopes of distribution's token specification that a request needs. */
function scopesOf({ repository, actions = 'pull', mountFrom }: RegistryRequest): readonly string[] {
  if (repository === undefined || repository === '') return [];
  const own = `repository:${repository}:${actions}`;
  return mountFrom === undefined ? [own] : [own, `repository:${mountFrom}:pull`];
}

/** A scope that is needed; the registry's own spelling of it when that asks for no more than pulling one repository. */
function asOffered(scope: string, offered: string | undefined): string {
  const isSame = scope.endsWith(':pull') && offered !== undefined && /^repository:[^\s:]+:pull$/.test(offered);
  return isSame ? offered : scope;
}

function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${btoa(String.fromCharCode(...encodeUtf8(`${username}:${password}`)))}`;
}

/** Whether a host is spoken to without TLS: this machine by name or address, or one the user listed. */
function isPlain(host: string, insecure: readonly string[]): boolean {
  if (insecure.includes(host)) return true;
  const name = host.replace(/:\d+$/, '');
  if (insecure.includes(name)) return true;
  return name === 'localhost' || name === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}
