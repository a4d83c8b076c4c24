import type { ListStyle, TextSource } from '../metadata/declarations.ts';
import { parseCommaLists, parseHeaderList } from '../http/pairs.ts';
import { type PathTemplate, withoutTrailingSlash } from '../http/path.ts';
import type { Sent } from './coerce.ts';
import type { Execution } from './execution.ts';

/** Nothing, one value, or several of one name. */
export type Values = undefined | Sent | readonly Sent[];

/** Finds the values sent under one name. */
export type ReadValues = (execution: Execution) => Values;

/** Everything that was sent in one place, by name. */
type AllValues = Iterable<readonly [string, Sent | readonly Sent[]]>;

/** Makes the function that reads the values of one name from a place; lists by their style. */
export function valuesOf(
  from: Exclude<TextSource, 'path'>,
  name: string,
  list: boolean,
  style: ListStyle | undefined,
): ReadValues {
  switch (from) {
    case 'query':
      return list && style !== undefined && style !== 'form'
        ? delimitedValues(name, style)
        : ({ exchange }) => exchange.query.get(name);
    case 'cookie':
      return list ? cookieList(name) : ({ exchange }) => exchange.cookies.get(name);
    case 'form':
      return ({ form }) => filled(form?.get(name));
    case 'header':
      return headerValues(name.toLowerCase(), list);
  }
}

/** Makes the function that reads a path variable; a list from the path as it was sent, so that `%2C` is data (RFC 6570
 * §3.2.2). */
export function pathValueOf({ names, segments }: PathTemplate, name: string, style: ListStyle | undefined): ReadValues {
  const index = names.indexOf(name);
  if (style !== 'comma') return ({ exchange }) => exchange.pathValues[index];
  const at = segments.findIndex((segment) => segment.kind !== 'static' && segment.name === name);
  const isRest = segments[at]?.kind === 'rest';
  return function readPathList({ exchange }) {
    const sent = withoutTrailingSlash(exchange.path)
      .split('/')
      .slice(at + 1);
    const text = isRest ? sent.join('/') : (sent[0] as string);
    return asValues(text.split(',').map((item) => decodeURIComponent(item)));
  };
}

export function everythingFrom(from: Exclude<TextSource, 'path'>, { exchange, form }: Execution): AllValues {
  switch (from) {
    case 'query':
      return exchange.query;
    case 'cookie':
      return exchange.cookies;
    case 'form':
      return allFilled(form);
    case 'header':
      // Every request has headers that no schema declares.
      return [];
  }
}

/** The name of a place in issues. */
export function placeOf(from: TextSource): string {
  return from === 'form' ? 'body' : from;
}

export function isSeveral(sent: Values): sent is readonly Sent[] {
  return Array.isArray(sent);
}

/** The values of a form that count: a browser sends a nameless, empty file for an untouched control. */
export function filled(sent: Values): Values {
  if (sent === undefined) return undefined;
  return asValues((isSeveral(sent) ? sent : [sent]).filter(isFilled));
}

function isFilled(value: Sent): boolean {
  return value !== '' && (typeof value === 'string' || value.size > 0 || value.name !== '');
}

function allFilled(form: Execution['form']): AllValues {
  return [...(form ?? [])].flatMap(([name, sent]) => {
    const left = filled(sent);
    return left === undefined ? [] : [[name, left] as const];
  });
}

function asValues(values: readonly Sent[]): Values {
  return values.length > 1 ? values : values[0];
}

function delimitedValues(name: string, style: Exclude<ListStyle, 'form'>): ReadValues {
  const delimiter = style === 'space' ? ' ' : '|';
  return function readDelimited({ exchange }) {
    // Read also to enforce its limits.
    const sent = exchange.query.get(name);
    if (sent === undefined) return undefined;
    if (style !== 'comma') return asValues((isSeveral(sent) ? sent : [sent]).flatMap((text) => text.split(delimiter)));
    const { target } = exchange.incoming;
    return asValues(parseCommaLists(target.slice(target.indexOf('?') + 1), name));
  };
}

/**
 * The items of a list repeat its name: as several cookies, or within one as in the document's style (OpenAPI 3.1,
 * `form`).
 */
function cookieList(name: string): ReadValues {
  return function readCookieList({ exchange }) {
    const sent = exchange.cookies.get(name);
    if (sent === undefined) return undefined;
    return asValues((isSeveral(sent) ? sent : [sent]).flatMap((text) => text.split(`&${name}=`)));
  };
}

function headerValues(name: string, list: boolean): ReadValues {
  if (!list) {
    return function readHeader({ exchange: { incoming } }) {
      const value = incoming.header(name);
      if (value === undefined || incoming.headerCount(name) === 1) return value;
      // Platforms join the lines of one name like this (RFC 9110 §5.3).
      return asValues(value.split(', '));
    };
  }
  return function readHeaderList({ exchange: { incoming } }) {
    const value = incoming.header(name);
    if (value === undefined) return undefined;
    const items = parseHeaderList(value);
    return items.length === 1 ? items[0] : items;
  };
}
