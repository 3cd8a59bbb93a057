import { WherryError } from '../errors/index.ts';
import { familiarName, fullString, type Reference } from './reference.ts';
import { registryError, registryText } from './registry-error.ts';
import { discardBody, type FetchResponse } from './registry-fetch.ts';

/** What was asked and answered when a registry refuses. */
export interface Refusal {
  readonly reference: Reference;
  readonly response: FetchResponse;
  readonly method: string;
  readonly url: URL;
  /** Whether the registry wanted credentials and there are none. */
  readonly lacksCredentials: boolean;
}

/**
 * How a program tells its user what a registry refused: dockerd and containerd say the same things differently. Every
 * method takes the answer's body or lets go of it.
 */
export interface RegistryWords {
  /** Whether a refused HEAD is asked again as GET, whose answer says why. */
  readonly asksAgain: boolean;
  /** A reference that could not be resolved because the request failed. */
  unresolved(reference: Reference, error: WherryError): WherryError;
  /** A manifest that is not there. */
  missing(reference: Reference): WherryError;
  /** 401 or 403 to a question for a manifest. */
  denied(refusal: Refusal): Promise<WherryError>;
  /** 401 or 403 while something is pushed. */
  pushDenied(refusal: Refusal): Promise<WherryError>;
  /** Any other answer that is not the one hoped for. */
  unexpected(refusal: Refusal): Promise<WherryError>;
}

export const dockerWords: RegistryWords = {
  asksAgain: true,
  unresolved(reference, error) {
    const text = `failed to resolve reference "${fullString(reference)}": ${error.message}`;
    return new WherryError(error.class, text, { cause: error });
  },
  missing(reference) {
    const name = fullString(reference);
    return new WherryError('NotFound', `failed to resolve reference "${name}": ${name}: not found`);
  },
  async denied({ reference, response }) {
    await discardBody(response);
    const problem = `repository does not exist or may require 'docker login'`;
    return new WherryError('NotFound', `pull access denied for ${familiarName(reference)}, ${problem}`);
  },
  pushDenied: (refusal) => containerdWords.pushDenied(refusal),
  unexpected: ({ response }) => registryError(response),
};

export const containerdWords: RegistryWords = {
  asksAgain: false,
  unresolved: (_reference, error) => error,
  missing: (reference) => new WherryError('NotFound', `${fullString(reference)}: not found`),
  denied: (refusal) => accessDenied('pull', refusal),
  pushDenied: (refusal) => accessDenied('push', refusal),
  async unexpected({ response, method, url }) {
    const { status } = response;
    const said = await registryText(response);
    const more = said === `unexpected status ${status}` ? '' : `: ${said}`;
    const shown = `${url.origin}${url.pathname}`;
    const text = `unexpected status from ${method} request to ${shown}: ${status} ${statusText[status] ?? ''}`;
    return new WherryError('Unknown', `${text.trimEnd()}${more}`);
  },
};

async function accessDenied(what: 'pull' | 'push', refusal: Refusal): Promise<WherryError> {
  const { response } = refusal;
  const challenge = response.headers.get('www-authenticate') ?? '';
  const isScope = /error="insufficient_scope"/.test(challenge);
  if (!refusal.lacksCredentials && !isScope) return containerdWords.unexpected(refusal);
  await discardBody(response);
  const why = isScope
    ? 'server message: insufficient_scope: authorization failed'
    : 'authorization failed: no basic auth credentials';
  return new WherryError(
    'Unknown',
    `${what} access denied, repository does not exist or may require authorization: ${why}`,
  );
}

/** RFC 9110, 15: the phrases of the answers that registries refuse with. */
const statusText: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Request Entity Too Large',
  416: 'Requested Range Not Satisfiable',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};
