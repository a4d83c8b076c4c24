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

/** A path on its walk through the tree. */
interface Walk<R> {
  readonly path: string;
  /** Where the last segment ends: without a trailing slash. */
  readonly end: number;
  readonly escaped: boolean;
  /** The values of the variables so far. */
  readonly values: string[];
  readonly choose: (methods: Methods<R>) => R | undefined;
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

  /** Adds a route; returns the route that already has this method and shape of path, if there is one. */
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
    const walk = walkOf<R>(path, (methods) => pick(methods, method));
    const route = search(this.#root, 1, walk);
    return route === undefined ? undefined : { route, values: walk.values };
  }

  /** All methods that some route has for a path, with HEAD where GET is, and OPTIONS; empty for an unknown path. */
  allowed(path: string): string[] {
    const found = new Set<string>();
    // Chooses nothing, so that all leaves are visited.
    const collect = (methods: Methods<R>): undefined => {
      for (const method of methods.keys()) found.add(method);
      return undefined;
    };
    search(this.#root, 1, walkOf(path, collect));
    if (found.size === 0) return [];
    if (found.has('GET')) found.add('HEAD');
    return [...found.add('OPTIONS')];
  }
}

/** Tries the leaves that a path can reach from one of its segments, the most specific first, until one is chosen. */
function search<R>(node: Node<R>, start: number, walk: Walk<R>): R | undefined {
  const { path, end, values, choose } = walk;
  if (start > end) {
    const route = node.methods && choose(node.methods);
    if (route !== undefined) return route;
  } else {
    const slash = path.indexOf('/', start);
    const stop = slash === -1 ? end : Math.min(slash, end);
    const segment = textOf(walk, start, stop);
    const next = node.statics.get(segment);
    const route = next && search(next, stop + 1, walk);
    if (route !== undefined) return route;
    if (node.parameter !== undefined && segment !== '') {
      values.push(segment);
      const found = search(node.parameter, stop + 1, walk);
      if (found !== undefined) return found;
      values.pop();
    }
  }
  const route = node.rest && choose(node.rest);
  if (route !== undefined) values.push(start > end ? '' : textOf(walk, start, path.length));
  return route;
}

/** HEAD is served by GET (RFC 9110 §9.3.2). */
function pick<R>(methods: ReadonlyMap<string, R>, method: string): R | undefined {
  return methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined);
}

function walkOf<R>(path: string, choose: Walk<R>['choose']): Walk<R> {
  const escaped = path.includes('%');
  // An invalid escape is refused anywhere, even where no route matches.
  if (escaped) decode(path);
  return { path, end: withoutTrailingSlash(path).length, escaped, values: [], choose };
}

/** Part of a path, decoded; a slash in it was escaped, or belongs to a rest. */
function textOf<R>({ path, escaped }: Walk<R>, start: number, stop: number): string {
  const text = path.slice(start, stop);
  return escaped ? decode(text) : text;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HTTPException(400, 'The path has an invalid escape');
  }
}
