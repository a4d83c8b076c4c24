import assert from 'node:assert/strict';
import { Validator } from '@seriousme/openapi-schema-validator';

/** Compiles the schemas of OpenAPI once for all documents of a version, which takes longer than most tests. */
const validator = new Validator();

/** Fails unless a document, or the file that contains it, is valid OpenAPI. */
export async function assertValidDocument(document: object | string): Promise<void> {
  const { valid, errors } = await validator.validate(
    typeof document === 'string' ? document : (structuredClone(document) as Record<string, unknown>),
  );
  assert.ok(valid, JSON.stringify(errors, null, 1));
}
