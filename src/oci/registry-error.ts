import { type ErrorClass, WherryError } from '../errors/index.ts';
import { registry_error_bytes_max } from '../limits/index.ts';
import { type FetchResponse, readBody } from './registry-fetch.ts';

const classes: Readonly<Record<number, ErrorClass>> = {
  401: 'Unauthenticated',
  403: 'PermissionDenied',
  501: 'Unimplemented',
  503: 'Unavailable',
};

/** The error a registry answered with, in Docker's words; reads the body. distribution-spec, "Error Codes". */
export async function registryError(response: FetchResponse): Promise<WherryError> {
  const { status } = response;
  const text = await registryText(response);
  return new WherryError(classes[status] ?? 'Unknown', `error from registry: ${text}`);
}

/** What a registry's error says: `<message> - <detail>`, or its status when it says nothing. */
export async function registryText(response: FetchResponse): Promise<string> {
  const { status } = response;
  let text = `unexpected status ${status}`;
  try {
    const body = await readBody(response, registry_error_bytes_max);
    const document: unknown = JSON.parse(new TextDecoder().decode(body));
    const first = firstError(document);
    if (first !== undefined) text = first;
  } catch {
    // No JSON, or the connection broke: the status says enough.
  }
  return printable(text);
}

function firstError(document: unknown): string | undefined {
  const errors: unknown = isObject(document) ? document['errors'] : undefined;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (!isObject(first)) return undefined;
  const { code, message, detail } = first;
  const said = typeof message === 'string' && message !== '' ? message : code;
  if (typeof said !== 'string') return undefined;
  const isEmpty = detail === undefined || detail === null || detail === '';
  if (isEmpty) return said;
  return `${said} - ${typeof detail === 'string' ? detail : JSON.stringify(detail)}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A registry's words go to a terminal: at most 1,000 characters, without control characters. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.slice(0, 1000).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}

/** Why a request could not be made: what Go's programs print where it is one of the usual reasons. */
export function networkReason(thrown: unknown): string {
  const deepest = causeOf(thrown);
  if (!(deepest instanceof Error)) return String(deepest);
  const { code, address, port, hostname } = deepest as Error & Readonly<Record<string, unknown>>;
  if (code === 'ECONNREFUSED' && typeof address === 'string') {
    return `dial tcp ${address}:${String(port)}: connect: connection refused`;
  }
  if (code === 'ENOTFOUND' && typeof hostname === 'string') return `dial tcp: lookup ${hostname}: no such host`;
  return certificateProblem(String(code)) ?? deepest.message;
}

/** What Go's programs print of a certificate that is not good. */
function certificateProblem(code: string): string | null {
  const unknown = ['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'];
  const failed = 'tls: failed to verify certificate: x509:';
  if (unknown.includes(code)) return `${failed} certificate signed by unknown authority`;
  return code === 'CERT_HAS_EXPIRED' ? `${failed} certificate has expired or is not yet valid` : null;
}

/** The deepest cause that says something: `fetch failed` alone helps nobody. */
function causeOf(thrown: unknown): unknown {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause instanceof Error && cause.message !== '' ? causeOf(cause) : thrown;
}
