import type { ParameterObject } from 'openapi3-ts/oas31';
import { FileDraft } from './arbitrary.ts';
import { type BodyDraft, type Draft, type Drafts, isForm } from './draft.ts';
import { multipart, type Part } from './multipart.ts';

/** A request as it is sent. */
export interface WrittenRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Headers;
  readonly body: string | undefined;
}

/** Writes a draft as a request; undefined if a value cannot be sent in its place. */
export function write(drafts: Drafts, draft: Draft, headers: Headers): WrittenRequest | undefined {
  const { method, path, parameters } = drafts.operation;
  const writer = new Writer(headers);
  let target = path;
  for (const [index, parameter] of parameters.entries()) {
    const value = draft.values[index];
    if (value === undefined) continue;
    const isText = parameter.content === undefined;
    const texts = isText ? textsOf(value) : [JSON.stringify(value)];
    if (texts === undefined || !isSendable(parameter, isText && Array.isArray(value), texts)) return undefined;
    if (parameter.in === 'path')
      target = target.replace(`{${parameter.name}}`, () => texts.map(encodeURIComponent).join(','));
    else writer.add(parameter, texts, isText && drafts.isList(drafts.schemaAt(index)));
  }
  if (draft.body !== undefined && !writer.write(drafts, draft.body)) return undefined;
  return { method, target: target + writer.query(), headers: writer.headers(), body: writer.body };
}

/** Collects the parts of a request other than its path. */
class Writer {
  body: string | undefined;
  readonly #headers: Headers;
  readonly #query: string[] = [];
  readonly #cookies: string[] = [];

  constructor(headers: Headers) {
    this.#headers = new Headers(headers);
  }

  add({ in: place, name, style, explode }: ParameterObject, texts: readonly string[], list: boolean): void {
    const values = texts.map(encodeURIComponent);
    if (place === 'header') this.#headers.set(name, texts.join(', '));
    else if (place === 'cookie') this.#cookies.push(values.map((value) => `${name}=${value}`).join('&'));
    else {
      const joined = list ? separatorOf(style, explode) : undefined;
      const pairs = joined === undefined ? values : [values.join(joined)];
      this.#query.push(...pairs.map((value) => `${encodeURIComponent(name)}=${value}`));
    }
  }

  query(): string {
    return this.#query.length === 0 ? '' : `?${this.#query.join('&')}`;
  }

  headers(): Headers {
    const given = this.#headers.get('cookie');
    const cookies = given === null ? this.#cookies : [given, ...this.#cookies];
    if (cookies.length > 0) this.#headers.set('cookie', cookies.join('; '));
    return this.#headers;
  }

  /** Returns false if the body cannot be sent. */
  write(drafts: Drafts, { mediaType, value, raw }: BodyDraft): boolean {
    this.#headers.set('content-type', mediaType);
    if (raw !== undefined) this.body = raw;
    else if (!isForm(mediaType)) this.body = JSON.stringify(value);
    else {
      const parts = partsOf(drafts, mediaType, value);
      if (parts === undefined) return false;
      if (mediaType === 'multipart/form-data') {
        const { boundary, text } = multipart(parts);
        this.#headers.set('content-type', `${mediaType}; boundary=${boundary}`);
        this.body = text;
      } else this.body = parts.map(({ name, content }) => [name, content].map(encodeURIComponent).join('=')).join('&');
    }
    return true;
  }
}

/** The separator of list items; undefined if the name is repeated (OpenAPI 3.1, Style Examples). */
function separatorOf(style = 'form', explode = style === 'form'): string | undefined {
  if (explode) return undefined;
  return style === 'spaceDelimited' ? '%20' : style === 'pipeDelimited' ? '|' : ',';
}

/** The values of a parameter as text; undefined for an object, whose styles are not supported. */
function textsOf(value: unknown): string[] | undefined {
  const texts = [value].flat().map(textOf);
  return texts.length > 0 && texts.every((text) => text !== undefined) ? texts : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function isSendable({ in: place, style = 'form' }: ParameterObject, list: boolean, texts: readonly string[]): boolean {
  return texts.every((text) => {
    if (!isWellFormed(text) || (list && text === '')) return false;
    // A URL cannot have a segment of dots (WHATWG URL, section 4.4).
    if (place === 'path') return !/^\.{0,2}$/.test(text);
    if (place === 'header') return /^[!-~](?:[ -~]*[!-~])?$/.test(text) && !(list && /[,"]/.test(text));
    if (place === 'cookie') return true;
    return !(list && style.endsWith('Delimited') && /[ |]/.test(text));
  });
}

/**
 * A list is one part for each item (OpenAPI 3.1, Encoding Object), so an empty list cannot be distinguished from a
 * missing one.
 */
function partsOf(drafts: Drafts, mediaType: string, value: unknown): Part[] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const parts = Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
    const items: readonly unknown[] = Array.isArray(field) ? field : [field];
    return items.length === 0 ? [undefined] : items.map((item) => partOf(drafts, mediaType, name, item));
  });
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

function partOf(drafts: Drafts, mediaType: string, name: string, value: unknown): Part | undefined {
  if (value instanceof FileDraft) {
    return { name, type: drafts.fileType(mediaType, name) ?? value.type, filename: value.name, content: value.content };
  }
  if (drafts.isJsonField(mediaType, name)) {
    return { name, type: 'application/json', content: JSON.stringify(value) };
  }
  const content = textOf(value);
  return content === undefined || content === '' || !isWellFormed(name) || !isWellFormed(content)
    ? undefined
    : { name, content };
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
