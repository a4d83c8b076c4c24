type PathSegment =
  | { readonly kind: 'static'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'rest'; readonly name: string };

/** A declared path: `pattern` as written, `documented` with `{name}` for each variable. */
export interface PathTemplate {
  readonly pattern: string;
  readonly documented: string;
  readonly segments: readonly PathSegment[];
  /** The variables in order. */
  readonly names: readonly string[];
}

const VARIABLE = /^(?::([A-Za-z_][\w-]*)|\{([A-Za-z_][\w-]*)\})$/;
const REST = /^\*([A-Za-z_][\w-]*)$/;

/** Joins a prefix, a controller's path and a route's path with single slashes. */
export function joinPaths(...parts: readonly string[]): string {
  let path = '';
  for (const part of parts) {
    if (part !== '') path = `${path.replace(/\/+$/, '')}/${part.replace(/^\/+/, '')}`;
  }
  return path === '' ? '/' : path;
}

/** Reads `/items/:itemId`, `/items/{itemId}` and `/files/*rest`; a string says what is wrong with the path. */
export function parsePath(pattern: string): PathTemplate | string {
  const segments: PathSegment[] = [];
  const names: string[] = [];
  const parts = withoutTrailingSlash(pattern).split('/').slice(1);
  for (const [index, text] of parts.entries()) {
    const variable = VARIABLE.exec(text);
    const rest = REST.exec(text)?.[1];
    const name = rest ?? variable?.[1] ?? variable?.[2];
    if (name === undefined) {
      if (text === '') return 'it has an empty segment';
      if (/[:{}*?#]/.test(text)) {
        return `segment '${text}' is neither plain text nor one whole variable (:name, {name}, *rest)`;
      }
      segments.push({ kind: 'static', text });
      continue;
    }
    if (names.includes(name)) return `variable '${name}' is used twice`;
    if (rest !== undefined && index !== parts.length - 1) return `'*${rest}' must be the last segment`;
    names.push(name);
    segments.push({ kind: rest === undefined ? 'parameter' : 'rest', name });
  }
  const documented = segments.map((segment) => `/${segment.kind === 'static' ? segment.text : `{${segment.name}}`}`);
  const trailing = pattern.endsWith('/') ? '/' : '';
  return { pattern, documented: documented.join('') + trailing, segments, names };
}

/** A trailing slash makes no difference to the route. */
export function withoutTrailingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
