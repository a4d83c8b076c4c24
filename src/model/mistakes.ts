import { type CallSite, sourceLineOf } from '../metadata/call-site.ts';

export type MistakeCode =
  | 'NOT_A_CONTROLLER'
  | 'CONTROLLER_TWICE'
  | 'CONTROLLER_WITHOUT_NAME'
  | 'SEVERAL_COPIES'
  | 'STANDARD_DECORATORS'
  | 'PARAMETER_WITHOUT_INPUT'
  | 'PARAMETER_WITH_SEVERAL_INPUTS'
  | 'STATIC_METHOD'
  | 'INPUT_WITHOUT_NAME'
  | 'FIELDS_UNKNOWN'
  | 'INPUT_CONFLICT'
  | 'INVALID_METHOD'
  | 'INVALID_NAME'
  | 'INVALID_PATH'
  | 'PATH_VARIABLE_UNKNOWN'
  | 'PATH_VARIABLE_UNREAD'
  | 'PATH_VARIABLE_OPTIONAL'
  | 'DUPLICATE_ROUTE'
  | 'DUPLICATE_OPERATION_ID'
  | 'DUPLICATE_SCHEME_NAME'
  | 'DUPLICATE_SCHEMA_ID'
  | 'INVALID_SCHEME'
  | 'INVALID_TOKEN_OPTIONS'
  | 'UNDECLARED_SCOPE'
  | 'UNSECURED_OPERATION'
  | 'UNKNOWN_WITHOUT'
  | 'DEPENDENCY_CYCLE'
  | 'DEPENDENCY_UNDEFINED'
  | 'NOT_DEPENDABLE'
  | 'INVALID_OVERRIDE'
  | 'LIFETIME_CONFLICT'
  | 'BODY_NOT_ALLOWED'
  | 'BODY_CONFLICT'
  | 'OBJECT_IN_TEXT'
  | 'FILE_OUTSIDE_FORM'
  | 'LIST_IN_PATH'
  | 'INVALID_STYLE'
  | 'RESERVED_HEADER'
  | 'SCHEMA_NOT_EXPRESSIBLE'
  | 'INVALID_RESPONSE'
  | 'INVALID_SCHEMA_ID'
  | 'CODEC_WITH_TRANSFORM'
  | 'RESPONSE_WITHOUT_BODY'
  | 'INVALID_SOCKET'
  | 'CONNECTION_MISPLACED';

/** Where a declaration is. */
export interface Place {
  /** The name of the class. */
  readonly class?: string | undefined;
  readonly method?: string | undefined;
  /** The parameter's index from 0. */
  readonly parameter?: number | undefined;
  /** The names of the dependencies that lead there, the outermost first. */
  readonly chain?: readonly string[] | undefined;
  /** Set for a declaration that many classes share, whose mistakes are reported once. */
  readonly shared?: `${'dependencies' | 'responses'} of the ${'app' | 'include'}` | 'errors of the app' | undefined;
  readonly site?: CallSite | undefined;
}

/** One mistake in the declarations of an app, with a stable code. */
export interface Mistake {
  readonly code: MistakeCode;
  readonly message: string;
  /** The name of the class. */
  readonly class?: string | undefined;
  readonly method?: string | undefined;
  /** The parameter's index from 0. */
  readonly parameter?: number | undefined;
  /** The names of the dependencies that lead there, the outermost first. */
  readonly chain?: readonly string[] | undefined;
  /** Where the decorator or the dependency is written, if the platform provides it. */
  readonly file?: string | undefined;
  /** Starting at 1. */
  readonly line?: number | undefined;
}

/** All mistakes in the declarations of an app; thrown when the app is created, before it serves anything. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError';
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    const lines = mistakes.map(({ code, message }) => `  ${code}: ${message}`);
    super(`${mistakes.length} declaration ${mistakes.length === 1 ? 'error' : 'errors'}:\n${lines.join('\n')}`);
    this.mistakes = mistakes;
  }
}

/** Reports a mistake of one declaration, whose place the caller knows. */
export type Report = (code: MistakeCode, text: string) => void;

/** Reports a mistake of one operation, at its own place unless said otherwise. */
export type Say = (code: MistakeCode, text: string, at?: Place, example?: string) => void;

/** Collects mistakes while a model is read; a declaration that several routes reach is reported once. */
export class Mistakes {
  readonly #found = new Map<string, Mistake>();

  /** `example` is what an operation adds to a mistake that it shares with others; only the first one is reported. */
  add(code: MistakeCode, { site, shared, ...place }: Place, text: string, example = ''): void {
    const { file, line, column } = sourceLineOf(site) ?? {};
    const where = file === undefined ? '' : ` (${file}:${line}:${column})`;
    const what = `${placeText({ ...place, shared })}${text}`;
    const key = `${code} ${where === '' || OF_ONE_CLASS.has(code) ? what : `${placeText(inherited(place))}${text}`}${where}`;
    if (this.#found.has(key)) return;
    this.#found.set(key, { code, message: `${what}${example}${where}`, ...place, file, line });
  }

  throwIfAny(): void {
    if (this.#found.size > 0) throw new DeclarationError([...this.#found.values()]);
  }
}

/** Mistakes of a class that may not be those of another that inherits the same declaration. */
const OF_ONE_CLASS: ReadonlySet<MistakeCode> = new Set([
  'UNSECURED_OPERATION',
  'UNKNOWN_WITHOUT',
  'PATH_VARIABLE_UNKNOWN',
]);

/** The same place for all classes that inherit a declaration; the first of a chain may be the class itself. */
function inherited({ class: name, chain, ...place }: Place): Place {
  return { ...place, chain: chain?.[0] === name ? chain?.slice(1) : chain };
}

function placeText({ class: name, method, parameter, chain, shared }: Place): string {
  let text = name ?? shared ?? '';
  if (method !== undefined) text += `.${method}`;
  if (parameter !== undefined)
    text += method === undefined ? ` constructor parameter ${parameter}` : ` parameter ${parameter}`;
  if (chain !== undefined && chain.length > 0) text += `${text === '' ? '' : ', '}dependency ${chain.join(' -> ')}`;
  return text === '' ? '' : `${text}: `;
}
