import { type ErrorsOptions, readErrors } from './content/error-shape.ts';
import { DEFAULT_LIMITS, type Limits } from './http/limits.ts';
import type { Logger } from './http/log.ts';
import type { Middleware } from './http/middleware.ts';
import type { ErrorsDeclaration, ResponseDeclarations } from './content/declarations.ts';
import type { ListedDependency } from './metadata/declarations.ts';
import type { Dependable, ValueOf } from './metadata/dependable.ts';
import type { Class } from './metadata/store.ts';
import type { OperationIdOf } from './model/operation-id.ts';
import type { AppDeclaration } from './model/read.ts';
import type { DocsOptions } from './openapi/docs-page.ts';
import type { DocumentOptions } from './openapi/document.ts';
import type { ProtectedResource } from './openapi/protected-resource.ts';
import type { OpenApiVersion } from './openapi/version.ts';

/** A dependable and its replacement. */
export type OverridePair = readonly [replaced: Dependable, replacement: Dependable];

/** Overrides whose replacements provide values of the replaced type. */
export type CheckedOverrides<O extends readonly OverridePair[]> = {
  readonly [K in keyof O]: readonly [O[K][0], Dependable<ValueOf<O[K][0]>>];
};

export interface AppOptions<O extends readonly OverridePair[] = readonly OverridePair[]> extends DocumentOptions {
  readonly controllers?: readonly Class[];
  /** Dependencies of all operations, run before any others; their values are dropped. */
  readonly dependencies?: readonly ListedDependency[];
  /**
   * Replacements in this app, such as a class for an abstract one; if a dependable is listed twice, the last one
   * counts.
   */
  readonly overrides?: O & CheckedOverrides<O>;
  readonly middleware?: readonly Middleware[];
  /** Responses of every operation; a declaration nearer to it wins. */
  readonly responses?: ResponseDeclarations;
  /** The shape of all errors that no handler answers: `{ "detail": … }` unless set; `problemDetails()` is another. */
  readonly errors?: ErrorsOptions;
  /** The documentation page at `/docs`: another path, options, or `false` for none. */
  readonly docs?: string | DocsOptions | false;
  /** The version of OpenAPI that documents have, 3.1 unless set. */
  readonly openapi?: OpenApiVersion;
  /** The path of the document, `/openapi.json` unless set, or `false` for none. */
  readonly openapiPath?: string | false;
  /** Tells OAuth clients where to get tokens (RFC 9728): served as metadata, and named in challenges. */
  readonly protectedResource?: ProtectedResource;
  /** Describes sockets in the document, as a GET that is answered by 101; without it they are left out. */
  readonly documentSockets?: boolean;
  readonly operationId?: OperationIdOf;
  readonly limits?: Partial<Limits>;
  /** Milliseconds until a response of 503, 60 000 unless set; 0 means no limit. */
  readonly timeout?: number;
  /** Refuses to start with an operation that has no scheme and does not say `public: true`. */
  readonly requireSecurity?: boolean;
  /** `console` unless set. */
  readonly logger?: Logger;
}

export interface IncludeOptions {
  /** Put before the controllers' paths; may have variables. */
  readonly prefix?: string;
  readonly tags?: readonly string[];
  readonly dependencies?: readonly ListedDependency[];
  readonly responses?: ResponseDeclarations;
}

/** Options with defaults filled in. */
export interface Settings {
  readonly options: AppOptions;
  /** What the model reads of them. */
  readonly declaration: Omit<AppDeclaration, 'includes'>;
  readonly limits: Limits;
  readonly timeout: number;
  readonly logger: Logger;
  readonly errors: ErrorsDeclaration;
}

const DEFAULT_TIMEOUT = 60_000;

export function readOptions(options: AppOptions): Settings {
  const { dependencies = [], operationId, requireSecurity = false, responses } = options;
  const errors = readErrors(options.errors);
  const overrides = new Map(options.overrides);
  return {
    options,
    declaration: { dependencies, operationId, requireSecurity, responses, errors, overrides },
    limits: Object.freeze({ ...DEFAULT_LIMITS, ...options.limits }),
    timeout: options.timeout ?? DEFAULT_TIMEOUT,
    logger: options.logger ?? console,
    errors,
  };
}
