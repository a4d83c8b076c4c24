import type { DocumentMismatch } from './document-mismatch.ts';
import { printable } from '../http/log.ts';
import type { ReceivedResponse } from './received-response.ts';
import type { WrittenRequest } from './request.ts';

const MAX_LENGTH = 1_000;

/** A request as text, without the values of given headers, which may be credentials. */
export function showRequest(
  { method, target, headers, body }: WrittenRequest,
  given: Readonly<Record<string, string>>,
): string {
  const secret = new Set(Object.keys(given).map((name) => name.toLowerCase()));
  const lines = Array.from(headers, ([name, value]) => `${name}: ${secret.has(name) ? '…' : value}`);
  return [`${method} ${target}`, ...lines, ...(body === undefined ? [] : ['', cut(body)])].join('\n');
}

export function showResponse({ status, headers, text }: ReceivedResponse): string {
  const type = headers.get('content-type');
  return [`${status}${type === null ? '' : ` ${type}`}`, ...(text === '' ? [] : [cut(text)])].join('\n');
}

/** Escapes control characters, so that neither requests nor responses can affect a terminal. */
function cut(text: string): string {
  const shown = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
  return shown.split('\n').map(printable).join('\n');
}

export function describeMismatches(mismatches: readonly DocumentMismatch[], seed: number): string {
  const told = mismatches.map(({ method, path, message, request, response }) => {
    return `${method} ${path}: ${message}\n${indented(request, '    > ')}\n${indented(response, '    < ')}`;
  });
  return `The app does not match its document (seed ${seed}):\n\n${told.join('\n\n')}`;
}

function indented(text: string, by: string): string {
  return text.replace(/^/gm, by);
}
