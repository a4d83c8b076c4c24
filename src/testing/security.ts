import type { OperationObject, ParameterObject, SchemaObject } from 'openapi3-ts/oas31';
import { connect, ConnectError } from '../adapters/memory-socket.ts';
import type { App } from '../app.ts';
import { isProtected, operationsOf } from './documented-operation.ts';

/** An operation whose document and behaviour disagree on whether it is protected. */
export interface SecurityMismatch {
  readonly method: string;
  /** The path as it is documented. */
  readonly path: string;
  /** Whether the document requires credentials. */
  readonly documentedAsProtected: boolean;
  /** The status of the response to a request without credentials. */
  readonly status: number;
}

/**
 * Sends an anonymous request to every documented operation and returns those that respond otherwise than documented.
 *
 * An operation that requires credentials must answer 401 or 403, and every other one must not. Requests are
 * real: operations without security run.
 */
export async function findSecurityMismatches(app: App): Promise<readonly SecurityMismatch[]> {
  const mismatches: SecurityMismatch[] = [];
  for (const [path, item] of Object.entries(app.openapi({ version: '3.1' }).paths ?? {})) {
    for (const [method, operation] of operationsOf(item)) {
      const documentedAsProtected = isProtected(operation.security ?? []);
      const isSocket = operation.responses?.['101'] !== undefined;
      const status = await statusOf(app, method.toUpperCase(), examplePath(path, operation), isSocket);
      const refused = status === 401 || status === 403;
      if (refused !== documentedAsProtected) {
        mismatches.push({ method: method.toUpperCase(), path, documentedAsProtected, status });
      }
    }
  }
  return mismatches;
}

/** The status for a request without credentials; a socket that opens is closed at once. */
async function statusOf(app: App, method: string, path: string, isSocket: boolean): Promise<number> {
  try {
    if (isSocket) {
      const socket = await connect(app, path);
      socket.close();
      await socket.closed;
      return 101;
    }
  } catch (error) {
    if (error instanceof ConnectError) return error.response.status;
    throw error;
  }
  const response = await app.request(path, { method });
  await response.body?.cancel();
  return response.status;
}

/** Throws an Error that lists every operation that `findSecurityMismatches` returns. */
export async function assertSecurityDocumented(app: App): Promise<void> {
  const mismatches = await findSecurityMismatches(app);
  if (mismatches.length === 0) return;
  const lines = mismatches.map(({ method, path, documentedAsProtected, status }) => {
    return `  ${method} ${path} is documented as ${documentedAsProtected ? 'protected' : 'public'} but returns ${status}`;
  });
  throw new Error(`Without credentials:\n${lines.join('\n')}`);
}

function examplePath(path: string, { parameters = [] }: OperationObject): string {
  return path.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const parameter = parameters.find(
      (candidate): candidate is ParameterObject =>
        'in' in candidate && candidate.in === 'path' && candidate.name === name,
    );
    return encodeURIComponent(exampleOf(parameter?.schema as SchemaObject | undefined));
  });
}

/** The value need not be valid: credentials are checked first. */
function exampleOf(schema: SchemaObject | undefined): string {
  const [example] = (schema?.enum ?? schema?.examples ?? []) as unknown[];
  if (typeof example === 'string' || typeof example === 'number') return String(example);
  return schema?.type === 'integer' || schema?.type === 'number' ? '1' : 'x';
}
