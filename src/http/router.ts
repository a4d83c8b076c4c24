import { HTTPException } from './errors.ts';
import { type PathTemplate, withoutTrailingSlash } from './path.ts';

/** The route that serves a request, and the decoded values of its path variables in order. */
export interface Match<R> {
  readonly route: R;
  readonly values: readonly string[];
}

type Methods<R> = Map<string, R>;

class Node<R> {
  readonly statics = new Map<string, Node<R>>();
  parameter: Node<R> | undefined;
  rest: Methods<R> | undefined;
  methods: Methods<R> | undefined;
}

interface Target {
  readonly segments: readonly string[];
  readonly trailingSlash: boolean;
}

const NO_VALUES: readonly string[] = [];

/**
 * Finds routes by method and raw path.
 *
 * A static segment beats a parameter beats a rest, whatever the order of declaration; a method that only a less
 * specific route has is served by that one. Paths are split before they are decoded, decoded once, and never
 * normalised.
 */
export class Router<R> {
  readonly #root = new Node<R>();
  /** Static paths by their undecoded text: one look-up instead of a walk. */
  readonly #statics = new Map<string, Map<string, Match<R>>>();

  /** Adds a route; the answer is the route that already has this method and shape of path, if there is one. */
  add(method: string, { segments }: PathTemplate, route: R): R | undefined {
    let node = this.#root;
    let methods: Methods<R> | undefined;
    let path = '';
    for (const segment of segments) {
      if (segment.kind === 'rest') {
        methods = node.rest ??= new Map();
      } else if (segment.kind === 'parameter') {
        node = node.parameter ??= new Node();
      } else {
        path += `/${segment.text}`;
        const next = node.statics.get(segment.text) ?? new Node<R>();
        node.statics.set(segment.text, next);
        node = next;
      }
    }
    methods ??= node.methods ??= new Map();
    const present = methods.get(method);
    if (present !== undefined) return present;
    methods.set(method, route);
    if (segments.every(({ kind }) => kind === 'static')) {
      const matches = this.#statics.get(path) ?? new Map<string, Match<R>>();
      this.#statics.set(path, matches.set(method, { route, values: NO_VALUES }));
    }
    return undefined;
  }

  /** The route for a method and path, HEAD being served by GET; throws a 400 for an invalid escape. */
  find(method: string, path: string): Match<R> | undefined {
    const known = this.#statics.get(withoutTrailingSlash(path));
    const match = known && pick(known, method);
    if (match !== undefined) return match;
    const values: string[] = [];
    const route = walk(this.#root, targetOf(path), 0, values, pick<R>, method);
    return route === undefined ? undefined : { route, values };
  }

  /** All methods that some route has for a path, with HEAD where GET is, and OPTIONS; empty for an unknown path. */
  allowed(path: string): readonly string[] {
    const found = new Set<string>();
    walk(this.#root, targetOf(path), 0, [], collect<R>, found);
    if (found.size === 0) return [];
    if (found.has('GET')) found.add('HEAD');
    return [...found.add('OPTIONS')];
  }
}

/** Tries the leaves that a path reaches, the most specific first, until one is chosen. */
function walk<R, A>(
  node: Node<R>,
  target: Target,
  index: number,
  values: string[],
  choose: (methods: Methods<R>, argument: A) => R | undefined,
  argument: A,
): R | undefined {
  const { segments } = target;
  const segment = segments[index];
  if (segment === undefined) {
    const route = node.methods && choose(node.methods, argument);
    if (route !== undefined) return route;
  } else {
    const next = node.statics.get(segment);
    const route = next && walk(next, target, index + 1, values, choose, argument);
    if (route !== undefined) return route;
    if (node.parameter !== undefined && segment !== '') {
      values.push(segment);
      const found = walk(node.parameter, target, index + 1, values, choose, argument);
      if (found !== undefined) return found;
      values.pop();
    }
  }
  const route = node.rest && choose(node.rest, argument);
  if (route !== undefined) {
    values.push(segments.slice(index).join('/') + (target.trailingSlash && index < segments.length ? '/' : ''));
  }
  return route;
}

/** HEAD is served by GET (RFC 9110 §9.3.2). */
function pick<R>(methods: ReadonlyMap<string, R>, method: string): R | undefined {
  return methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined);
}

/** Chooses nothing, so that all leaves are seen. */
function collect<R>(methods: Methods<R>, found: Set<string>): undefined {
  for (const method of methods.keys()) found.add(method);
  return undefined;
}

function targetOf(path: string): Target {
  const trimmed = withoutTrailingSlash(path);
  const segments = trimmed === '' ? [] : trimmed.slice(1).split('/');
  return { segments: path.includes('%') ? segments.map(decode) : segments, trailingSlash: trimmed !== path };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new HTTPException(400, 'The path has an invalid escape');
  }
}
