import { WherryError } from '../errors/index.ts';
import { registry_redirects_max, registry_token_bytes_max } from '../limits/index.ts';
import { type Challenge, parseChallenges } from './auth-challenge.ts';
import { encodeUtf8 } from './bytes.ts';
import { JsonFields } from './json-fields.ts';
import { discardBody, type Fetch, type FetchResponse, readBody } from './registry-fetch.ts';

/** What a user logs in to a registry with. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** A refresh token that a login gave earlier. */
  | { readonly identityToken: string }
  /** A bearer token to be sent as it is. */
  | { readonly registryToken: string };

export interface TransportOptions {
  readonly fetch: Fetch;
  /** The credentials for a registry by the domain of its references (`docker.io`, `localhost:5000`). */
  readonly credentials?: (domain: string) => Credentials | undefined;
  /** Registries, `host` or `host:port`, that are spoken to without TLS, besides this machine. */
  readonly insecureRegistries?: readonly string[];
  readonly userAgent?: string;
}

export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD';
  /** The part of the URL after the host: `/v2/...`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The path of the repository a token must be good for; none for a login. */
  readonly repository?: string;
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
  readonly #options: TransportOptions;
  readonly #credentials: Credentials | undefined;
  /** The `Authorization` to send, by repository. */
  readonly #authorizations: Map<string, string> = new Map();

  constructor(domain: string, options: TransportOptions) {
    const host = domain === 'docker.io' ? dockerHub : domain;
    this.#options = options;
    this.#credentials = options.credentials?.(domain);
    this.origin = `${isPlain(host, options.insecureRegistries ?? []) ? 'http' : 'https'}://${host}`;
  }

  get hasCredentials(): boolean {
    return this.#credentials !== undefined;
  }

  /** Sends a request; an answer of 401 or 403 is one that stands although what is known of credentials was tried. */
  async request(request: RegistryRequest): Promise<FetchResponse> {
    const repository = request.repository ?? '';
    const { response, answeredBy } = await this.#follow(request, this.#authorizations.get(repository));
    if (response.status !== 401 || answeredBy !== this.origin) return response;
    const header = response.headers.get('www-authenticate') ?? '';
    const authorization = await this.#answer(parseChallenges(header), repository, request.signal);
    if (authorization === undefined) return response;
    await discardBody(response);
    this.#authorizations.set(repository, authorization);
    const again = await this.#follow(request, authorization);
    if (again.response.status === 401) this.#authorizations.delete(repository);
    return again.response;
  }

  async #follow(
    request: RegistryRequest,
    authorization: string | undefined,
  ): Promise<{ response: FetchResponse; answeredBy: string }> {
    let url = new URL(this.origin + request.path);
    for (let redirects = 0; redirects <= registry_redirects_max; redirects++) {
      const isOwn = url.origin === this.origin;
      // Sizes and ranges are those of the content itself, so it must come as it is.
      const headers: Record<string, string> = { 'accept-encoding': 'identity', ...request.headers, ...this.#agent() };
      if (isOwn && authorization !== undefined) headers['authorization'] = authorization;
      const response = await this.#send(request.method, url, headers, request.signal);
      const location = response.headers.get('location');
      if (![301, 302, 303, 307, 308].includes(response.status) || location === null) {
        return { response, answeredBy: url.origin };
      }
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
    method: 'GET' | 'HEAD' | 'POST',
    url: URL,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
    body?: string,
  ): Promise<FetchResponse> {
    try {
      return await this.#options.fetch(url.href, {
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
      throw new WherryError('Unknown', `failed to do request: ${shown}: ${reason(cause)}`, { cause });
    }
  }

  /** The `Authorization` that answers the first challenge that can be; undefined when none can. */
  async #answer(
    challenges: readonly Challenge[],
    repository: string,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const credentials = this.#credentials;
    if (credentials !== undefined && 'registryToken' in credentials) return `Bearer ${credentials.registryToken}`;
    const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
    if (bearer !== undefined) return this.#token(bearer, repository, signal);
    const takesBasic = challenges.some((challenge) => challenge.scheme === 'basic');
    if (takesBasic && credentials !== undefined && 'password' in credentials) return basic(credentials);
    return undefined;
  }

  /** Asks the token server; undefined when it refuses. distribution's token authentication specification. */
  async #token(challenge: Challenge, repository: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    const realm = this.#realm(challenge.parameters.get('realm') ?? '');
    const service = challenge.parameters.get('service');
    const scope = repository === '' ? undefined : scopeFor(repository, challenge.parameters.get('scope'));
    const query: Record<string, string> = {
      ...(service === undefined ? {} : { service }),
      ...(scope === undefined ? {} : { scope }),
    };
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

  #askForToken(realm: URL, query: Record<string, string>, signal: AbortSignal | undefined): Promise<FetchResponse> {
    const credentials = this.#credentials;
    const headers: Record<string, string> = { accept: 'application/json', ...this.#agent() };
    if (credentials !== undefined && 'identityToken' in credentials) {
      headers['content-type'] = 'application/x-www-form-urlencoded';
      const form = {
        ...query,
        grant_type: 'refresh_token',
        client_id: 'wherry',
        refresh_token: credentials.identityToken,
      };
      return this.#send('POST', realm, headers, signal, new URLSearchParams(form).toString());
    }
    const url = new URL(realm.href);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    if (credentials !== undefined && 'password' in credentials) {
      headers['authorization'] = basic(credentials);
      url.searchParams.set('account', credentials.username);
    }
    return this.#send('GET', url, headers, signal);
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

/** The scope that is needed; the registry's own spelling of it when that asks for no more than pulling one repository. */
function scopeFor(repository: string, offered: string | undefined): string {
  if (offered !== undefined && /^repository:[^\s:]+:pull$/.test(offered)) return offered;
  return `repository:${repository}:pull`;
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

/** The deepest message: `fetch failed` alone helps nobody. */
function reason(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  if (cause instanceof Error && cause.message !== '') return reason(cause);
  return thrown instanceof Error ? thrown.message : String(thrown);
}
