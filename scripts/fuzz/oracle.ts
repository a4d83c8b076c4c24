import type { App } from 'portico';
import { type Answer, challengesIn, headerOf } from './answer.ts';
import { OUTSIDE } from './app.ts';
import type { Sample } from './request.ts';

/** What the framework itself may answer to any bytes. */
const REFUSALS = [400, 404, 405, 408, 413, 414, 415, 417, 426, 431, 501, 505];
/** Refusals of the parser, which have no body. */
const BODILESS = [400, 408, 413, 431, 501];
const STATUSES = new Set([...REFUSALS, 101, 200, 204, 206, 304, 308, 401, 403, 412, 416, 422]);

interface Operation {
  readonly template: string;
  readonly pattern: RegExp;
  readonly method: string;
  readonly statuses: ReadonlySet<string>;
  /** The words that a challenge may begin with. */
  readonly schemes: ReadonlySet<string>;
}

/** Says what is wrong with an answer by the document of the app. */
export class Oracle {
  readonly #operations: readonly Operation[];

  constructor(app: App) {
    this.#operations = operationsOf(app).toSorted((a, b) => specificity(b) - specificity(a));
  }

  /** What no answer may be, whatever was asked. */
  judge(answer: Answer, isHead = false): string | undefined {
    const { status, body } = answer;
    if (!STATUSES.has(status)) return `the status ${status}`;
    if (headerOf(answer, 'date') === undefined && status !== 101) return 'no date';
    if (body.includes(OUTSIDE) && headerOf(answer, 'content-encoding') === undefined)
      return 'bytes from outside of the folder';
    if (body !== '' && headerOf(answer, 'content-type') === undefined) return 'a body without a type';
    const challenge = headerOf(answer, 'www-authenticate');
    if (status === 401 && challenge === undefined) return 'a 401 without a challenge';
    if (challenge !== undefined && challengesIn(challenge) === undefined) return `an invalid challenge: ${challenge}`;
    return status < 400 || isHead ? undefined : errorFault(answer);
  }

  /** What no answer to a request of this kind may be. */
  judgeAnswer(answer: Answer, sample: Sample): string | undefined {
    const { method, target } = sample;
    const fault = this.judge(answer, method === 'HEAD');
    if (fault !== undefined) return fault;
    const operation = this.#find(sample);
    const { status } = answer;
    if (operation === undefined) {
      const isPage = /^\/(?:docs|openapi)/.test(target) && (status < 400 || status === 401);
      const isPreflight = method === 'OPTIONS' && status === 204;
      return isPage || isPreflight || REFUSALS.includes(status) ? undefined : `${status} of nothing`;
    }
    const isDocumented =
      operation.statuses.has(String(status)) || (status >= 400 && status < 500 && operation.statuses.has('default'));
    // Conditional requests are a matter of HTTP, and of `etag()`.
    if (!isDocumented && status !== 304 && status !== 412)
      return `${status} is not documented for ${operation.template}`;
    if (status !== 401 || operation.schemes.size === 0) return undefined;
    const words = challengesIn(headerOf(answer, 'www-authenticate') ?? '') ?? [];
    return words.every((word) => operation.schemes.has(word)) ? undefined : `the challenges ${words.join(', ')}`;
  }

  #find({ method, target }: Sample): Operation | undefined {
    const [path = ''] = target.split('?');
    const known = method === 'HEAD' ? 'get' : method.toLowerCase();
    return this.#operations.find((operation) => operation.method === known && operation.pattern.test(path));
  }
}

function specificity({ template }: Operation): number {
  return template.includes('{path}') ? 0 : template.includes('{') ? 1 : 2;
}

function operationsOf(app: App): Operation[] {
  const { paths = {}, components } = app.openapi();
  return Object.entries(paths).flatMap(([template, item]) =>
    (['get', 'post', 'put', 'delete'] as const).flatMap((method): Operation[] => {
      const operation = item[method];
      if (operation === undefined) return [];
      const escaped = template
        .replace(/[.]/g, '\\.')
        .replaceAll('{path}', '.*')
        .replace(/\{\w+\}/g, '[^/]+');
      const names = (operation.security ?? []).flatMap((alternative) => Object.keys(alternative));
      const schemes = names.map((name) => {
        const { type, scheme = '' } = (components?.securitySchemes?.[name] ?? {}) as { type?: string; scheme?: string };
        if (type === 'apiKey') return 'APIKey';
        return type === 'http' && scheme !== 'bearer' ? scheme.charAt(0).toUpperCase() + scheme.slice(1) : 'Bearer';
      });
      return [
        {
          template,
          method,
          pattern: new RegExp(`^${escaped}/?$`),
          statuses: new Set(Object.keys(operation.responses ?? {})),
          schemes: new Set(template === '/dpop' ? ['DPoP'] : schemes),
        },
      ];
    }),
  );
}

function errorFault(answer: Answer): string | undefined {
  const { status, body } = answer;
  if (body === '') return BODILESS.includes(status) && answer.closes ? undefined : `a ${status} without a body`;
  if (headerOf(answer, 'content-encoding') !== undefined) return undefined;
  if (headerOf(answer, 'content-type') !== 'application/json')
    return `an error of the type ${headerOf(answer, 'content-type')}`;
  let error: unknown;
  try {
    error = JSON.parse(Buffer.from(body, 'latin1').toString());
  } catch {
    return 'an error that is not JSON';
  }
  const names = Object.keys(error as object).join();
  if (names !== 'detail' && names !== 'error,error_description,detail' && names !== 'error,error_description') {
    return `an error of the shape ${names}`;
  }
  const { detail } = error as { readonly detail?: unknown };
  if (body.length > 70_000) return `an error of ${body.length} bytes`;
  return typeof detail === 'string' || Array.isArray(detail) || names !== 'detail'
    ? undefined
    : 'an error without a detail';
}
