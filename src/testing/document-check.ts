import type { OpenAPIObject } from 'openapi3-ts/oas31';
import type { Checked, DocumentMismatch } from './document-mismatch.ts';
import { type DocumentedOperation, readOperations } from './documented-operation.ts';
import { checkMethods } from './methods.ts';
import { OperationCheck } from './operation-check.ts';
import { loadPeers } from './peers.ts';
import { Schemas } from './schemas.ts';

/** How much of a document is checked, and with which credentials. */
export interface DocumentCheckOptions {
  /** Requests for each operation, some more for shrinking; 50 unless set. */
  readonly requests?: number;
  /** Repeats what a check with the same seed has sent; drawn unless set. */
  readonly seed?: number;
  /** Sent with every request: credentials, and whatever else has to be known beforehand. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The operations to check, by `operationId` or as `GET /items/{itemId}`, or what says so of each; all unless set. */
  readonly operations?:
    | readonly string[]
    | ((operation: { readonly operationId: string; readonly method: string; readonly path: string }) => boolean);
}

/** What a check has found. */
export interface DocumentCheck {
  readonly mismatches: readonly DocumentMismatch[];
  /** Operations that were not, or not wholly, checked, each with the reason. */
  readonly unchecked: readonly { readonly method: string; readonly path: string; readonly reason: string }[];
  /** How many requests were sent. */
  readonly requests: number;
  readonly seed: number;
}

/** What a document is checked against; an `App` is one. */
export interface DocumentedApp extends Checked {
  openapi(options: { readonly version: '3.1' }): OpenAPIObject;
}

/**
 * Sends valid and nearly valid requests to every operation of the document, and gives where answers disagree with it.
 *
 * Requests are made from the document alone, the same for the same seed, and are real: what they reach runs. Needs the
 * packages `fast-check` and `ajv`.
 *
 * @throws Error where a package is missing, or `operations` names one that is not documented
 */
export async function findDocumentMismatches(
  app: DocumentedApp,
  options: DocumentCheckOptions = {},
): Promise<DocumentCheck> {
  const peers = await loadPeers();
  const { requests = 50, seed = Math.floor(Math.random() * 2 ** 31), headers = {} } = options;
  if (!Number.isInteger(requests) || requests < 1) throw new Error('requests is a whole number of at least 1');
  if (!Number.isInteger(seed)) throw new Error('seed is a whole number');
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
