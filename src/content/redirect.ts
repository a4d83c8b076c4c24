import type { Context } from '../http/context.ts';
import { ResponseValidationError } from '../http/errors.ts';
import { Content } from './content.ts';

const STATUSES = new Set([301, 302, 303, 307, 308]);

class RedirectContent extends Content<string | URL> {
  readonly mediaType = '';
  override readonly status: number;

  constructor(status: number) {
    super();
    if (!STATUSES.has(status)) throw new RangeError(`redirect: ${status} is not the status of a redirect`);
    this.status = status;
  }

  encode(target: string | URL, { response }: Context): null {
    response.headers.set('Location', locationOf(target));
    return null;
  }
}

/**
 * A redirect to a path of this app, or to another origin by a `URL` object; 307 unless given.
 *
 * A path begins with one slash: a second one, or a backslash, would name another origin (RFC 3986 §4.2).
 */
export function redirect(status: number = 307): Content<string | URL> {
  return new RedirectContent(status);
}

function locationOf(target: unknown): string {
  if (target instanceof URL) {
    if (target.protocol === 'http:' || target.protocol === 'https:') return target.href;
    throw new ResponseValidationError(`a redirect leads to http or https, not to ${target.protocol}`);
  }
  // oxlint-disable-next-line no-control-regex -- browsers drop some of these, and the rest may name another origin
  if (typeof target !== 'string' || !/^\/(?![/\\])/.test(target) || /[\u0000-\u0020\u007f\\]/.test(target)) {
    throw new ResponseValidationError('a redirect is a path of this app that begins with one slash, or a URL object');
  }
  return encodeURI(target).replaceAll('%25', '%');
}
