import type { OpenAPIObject as OpenAPIObject30 } from 'openapi3-ts/oas30';
import type { OpenAPIObject as OpenAPIObject31 } from 'openapi3-ts/oas31';
import type { OpenAPIObject as OpenAPIObject32 } from 'openapi3-ts/oas32';

/** A document's type by its version. */
export interface OpenApiDocuments {
  readonly '3.0': OpenAPIObject30;
  readonly '3.1': OpenAPIObject31;
  readonly '3.2': OpenAPIObject32;
}

/** The versions of OpenAPI that a document can have. */
export type OpenApiVersion = keyof OpenApiDocuments;

/** The `openapi` field of each version. */
export const PATCHES: Readonly<Record<OpenApiVersion, string>> = { '3.0': '3.0.3', '3.1': '3.1.1', '3.2': '3.2.0' };

/** Throws a TypeError for anything that is not a version. */
export function readVersion(version: unknown): OpenApiVersion {
  if (typeof version === 'string' && Object.hasOwn(PATCHES, version)) return version as OpenApiVersion;
  throw new TypeError(`'${String(version)}' is not a version of OpenAPI; use '3.0', '3.1' or '3.2'`);
}
