import type { ZodType } from 'zod';
import { type Content, isContent } from '../content/content.ts';
import { isSchema } from '../content/codecs.ts';
import { JsonContent } from '../content/json.ts';
import type {
  ErrorsDeclaration,
  ResponseDeclaration,
  ResponseDeclarations,
  ResponseExample,
} from '../content/declarations.ts';

/** Keys that stand for several statuses: `4XX` and the like, or all others. */
const RANGE = /^[1-5]XX$/;

/** The declared response of one status, of a range, or of all others. */
export interface DeclaredResponse {
  /** A status, a range such as `4XX`, or `default`. */
  readonly key: string;
  readonly description: string | undefined;
  /** Alternatives of one body; empty if no body is declared. */
  readonly contents: readonly Content<never>[];
  readonly headers: Readonly<Record<string, ZodType>>;
  readonly examples: Readonly<Record<string, ResponseExample>> | undefined;
}

/** What a route declares for the response to an ordinary value. */
export interface UsualResponse {
  readonly response?: unknown;
  readonly status?: number | undefined;
}

/** What an operation may answer: how each value is checked and sent, and how it is documented. */
export class Responses {
  /** The status of a value that sets none. */
  readonly status: number;
  readonly errors: ErrorsDeclaration;
  readonly #declared: ReadonlyMap<string, DeclaredResponse>;

  constructor(status: number, errors: ErrorsDeclaration, declared: ReadonlyMap<string, DeclaredResponse>) {
    this.status = status;
    this.errors = errors;
    this.#declared = declared;
  }

  get declared(): readonly DeclaredResponse[] {
    return [...this.#declared.values()];
  }

  /** The declaration for exactly this key of the document. */
  at(key: string): DeclaredResponse | undefined {
    return this.#declared.get(key);
  }

  /**
   * The declaration that applies to a status: its own, that of its range, or that of all others.
   *
   * The usual response is none of the others, because the document always lists its status.
   */
  for(status: number): DeclaredResponse | undefined {
    const range = `${Math.trunc(status / 100)}XX`;
    const declared = this.at(String(status)) ?? this.at(range);
    return declared ?? (status === this.status ? undefined : this.at('default'));
  }

  /** The contents of the usual response. */
  get usual(): readonly Content<never>[] {
    return this.at(String(this.status))?.contents ?? [];
  }
}

/**
 * Merges what was declared, the farthest first: app, include, dependencies, controller, route.
 *
 * Whatever else `responses` declares for the status of the usual response is kept.
 */
export function readResponses(
  { response, status: declaredStatus }: UsualResponse,
  declarations: readonly ResponseDeclarations[],
  errors: ErrorsDeclaration,
): Responses {
  const usual = contentOf(response);
  const status = declaredStatus ?? usual?.status ?? 200;
  const declared = new Map<string, DeclaredResponse>();
  for (const [key, declaration] of declarations.flatMap((responses) => Object.entries(responses))) {
    const read = readResponse(key, declaration);
    if (read !== undefined) declared.set(key, merged(declared.get(key), read));
  }
  if (usual !== undefined) {
    const own = declared.get(String(status)) ?? empty(String(status));
    declared.set(String(status), { ...own, contents: own.contents.length === 0 ? [usual] : own.contents });
  }
  for (const { responses } of [...declared.values()].flatMap(({ contents }) => contents)) {
    for (const [key, declaration] of Object.entries(responses ?? {})) {
      const implied = readResponse(key, declaration);
      if (implied !== undefined) declared.set(key, merged(implied, declared.get(key) ?? empty(key)));
    }
  }
  return new Responses(status, errors, declared);
}

const ANYTHING = [new JsonContent()];

/**
 * The contents by which a value of some status is sent.
 *
 * An undeclared success is sent like the usual response. An error has the app's error format if only its description is
 * declared, or if it is undeclared in an operation that declares its response.
 */
export function contentsFor(responses: Responses, status: number): readonly Content<never>[] {
  const declared = responses.for(status);
  if (declared !== undefined && declared.contents.length > 0) return declared.contents;
  const { usual, errors } = responses;
  if (usual.length === 0 && (declared === undefined || status < 400)) return ANYTHING;
  return status < 400 ? usual : [new JsonContent(errors.schema, errors.mediaType)];
}

/** All schemas by which the responses of an operation are checked and documented. */
export function schemasOfResponses({ declared, errors }: Responses): readonly ZodType[] {
  const schemas = declared.flatMap(({ contents, headers }) => [
    ...contents.flatMap(({ schema, itemSchema }) => [schema ?? [], itemSchema ?? []].flat()),
    ...Object.values(headers),
  ]);
  return [...schemas, errors.schema];
}

/** Reads one declared response; `say` gets what cannot be read and is left out. */
export function readResponse(
  key: string,
  declaration: unknown,
  say: (text: string) => void = () => {},
): DeclaredResponse | undefined {
  if (declaration === undefined) return undefined;
  if (!isStatusKey(key)) {
    say(`'${key}' in its responses is neither a status from 200 to 599, nor a range such as 4XX, nor 'default'`);
    return undefined;
  }
  const content = contentOf(declaration);
  if (content !== undefined) return { ...empty(key), contents: [content] };
  if (typeof declaration !== 'object' || declaration === null) {
    say(`its response '${key}' is neither a schema, nor a content, nor an object that has them`);
    return undefined;
  }
  const { description, headers = {}, examples, content: given = [] } = declaration as ResponseDeclaration;
  const listed = Array.isArray(given) ? given : [given];
  const contents = listed.flatMap((one) => contentOf(one) ?? []);
  if (contents.length < listed.length) say(`the content of its response '${key}' is neither a schema nor a content`);
  const named = Object.entries(headers).filter(([name, schema]) => {
    if (!isSchema(schema)) say(`the header '${name}' of its response '${key}' is not a schema`);
    return isSchema(schema);
  });
  return { key, description, contents, headers: Object.fromEntries(named), examples };
}

function isStatusKey(key: string): boolean {
  return key === 'default' || RANGE.test(key) || (/^\d{3}$/.test(key) && isStatus(Number(key)));
}

/** Whether a response can have this status. */
export function isStatus(status: unknown): boolean {
  return Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599;
}

/** The nearer declaration, completed by the farther one. */
function merged(far: DeclaredResponse | undefined, near: DeclaredResponse): DeclaredResponse {
  if (far === undefined) return near;
  return {
    key: near.key,
    description: near.description ?? far.description,
    contents: near.contents.length > 0 ? near.contents : far.contents,
    headers: { ...far.headers, ...near.headers },
    examples: near.examples ?? far.examples,
  };
}

function empty(key: string): DeclaredResponse {
  return { key, description: undefined, contents: [], headers: {}, examples: undefined };
}

const bare = new WeakMap<ZodType, JsonContent>();

/** A content as it is, and JSON for a bare schema. */
export function contentOf(value: unknown): Content<never> | undefined {
  if (isContent(value)) return value;
  if (!isSchema(value)) return undefined;
  const known = bare.get(value) ?? new JsonContent(value);
  bare.set(value, known);
  return known;
}
