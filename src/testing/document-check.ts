import type { OpenAPIObject } from 'openapi3-ts/oas31';
import type { Checked, DocumentMismatch } from './document-mismatch.ts';
import { type DocumentedOperation, readOperations } from './documented-operation.ts';
import { checkMethods } from './methods.ts';
import { OperationCheck } from './operation-check.ts';
import { loadPeers } from './peers.ts';
import { Schemas } from './schemas.ts';

/** How much of a document to check, and with which credentials. */
export interface DocumentCheckOptions {
  /** Requests for each operation, plus some for shrinking; 50 unless set. */
  readonly requests?: number;
  /** Repeats the requests of a check with the same seed; random unless set. */
  readonly seed?: number;
  /** Headers of every request: credentials, and anything else that cannot be guessed. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The operations to check, by `operationId` or as `GET /items/{itemId}`, or a predicate; all unless set. */
  readonly operations?:
    | readonly string[]
    | ((operation: { readonly operationId: string; readonly method: string; readonly path: string }) => boolean);
}

/** What a check has found. */
export interface DocumentCheck {
  readonly mismatches: readonly DocumentMismatch[];
  /** Operations that were not checked, or not completely, each with the reason. */
  readonly unchecked: readonly { readonly method: string; readonly path: string; readonly reason: string }[];
  /** How many requests were sent. */
  readonly requests: number;
  readonly seed: number;
}

/** The app whose document is checked. */
export interface DocumentedApp extends Checked {
  openapi(options: { readonly version: '3.1' }): OpenAPIObject;
}

/**
 * Sends valid and nearly valid requests to every operation of the document, and returns where responses disagree with
 * it.
 *
 * Requests are made from the document alone, are the same for the same seed, and are real: handlers run. Needs the
 * packages `fast-check` and `ajv`.
 *
 * @throws Error if a package is missing, or `operations` names an undocumented operation
 */
export async function findDocumentMismatches(
  app: DocumentedApp,
  options: DocumentCheckOptions = {},
): Promise<DocumentCheck> {
  const peers = await loadPeers();
  const { requests = 50, seed = Math.floor(Math.random() * 2 ** 31), headers = {} } = options;
  if (!Number.isInteger(requests) || requests < 1) throw new Error('requests must be a positive integer');
  if (!Number.isInteger(seed)) throw new Error('seed must be an integer');
  const document = app.openapi({ version: '3.1' });
  const schemas = new Schemas(document, peers);
  // A socket answers no request (RFC 6455, section 4.2).
  const all = readOperations(document).filter(({ responses }) => !responses.has('101'));
  const chosen = choose(all, options.operations);
  const mismatches: DocumentMismatch[] = [];
  const unchecked: { method: string; path: string; reason: string }[] = [];
  let sent = 0;
  for (const operation of chosen) {
    const check = new OperationCheck({ app, operation, all, schemas, peers, headers, requests, seed });
    await check.run();
    mismatches.push(...check.mismatches);
    unchecked.push(...check.unchecked);
    sent += check.sent;
  }
  const methods = await checkMethods(app, all, new Set(chosen.map(({ path }) => path)));
  return { mismatches: [...mismatches, ...methods.mismatches], unchecked, requests: sent + methods.sent, seed };
}

function choose(
  all: readonly DocumentedOperation[],
  wanted: DocumentCheckOptions['operations'],
): readonly DocumentedOperation[] {
  if (wanted === undefined) return all;
  if (typeof wanted === 'function') return all.filter((operation) => wanted(operation));
  const unknown = wanted.find((name) => !all.some((operation) => isNamed(operation, name)));
  if (unknown !== undefined) throw new Error(`The document has no operation '${unknown}'`);
  return all.filter((operation) => wanted.some((name) => isNamed(operation, name)));
}

function isNamed({ operationId, method, path }: DocumentedOperation, name: string): boolean {
  return name === operationId || name === `${method} ${path}`;
}
