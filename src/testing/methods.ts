import { ask, type Checked, type ReadAnswer } from './answer.ts';
import type { DocumentedOperation } from './documented-operation.ts';
import { type DocumentMismatch, showAnswer, showRequest } from './report.ts';

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'];

/** Whether each path allows the methods that it is documented with, and refuses the others with 405 and `Allow`. */
export async function checkMethods(
  app: Checked,
  all: readonly DocumentedOperation[],
  paths: ReadonlySet<string>,
): Promise<{ mismatches: DocumentMismatch[]; sent: number }> {
  const mismatches: DocumentMismatch[] = [];
  let sent = 0;
  const asked = async (method: string, path: string): Promise<ReadAnswer> => {
    sent++;
    return ask(app, { method, target: path.replace(/\{[^}]+\}/g, '1'), headers: new Headers(), body: undefined });
  };
  for (const path of paths) {
    const documented = all.filter((operation) => operation.path === path).map(({ method }) => method);
    const tell = (method: string, message: string, answer: ReadAnswer): void => {
      const request = { method, target: path.replace(/\{[^}]+\}/g, '1'), headers: new Headers(), body: undefined };
      mismatches.push({ operationId: '', method, path, message, request: showRequest(request, {}), answer: showAnswer(answer) });
    };
    const options = documented.includes('OPTIONS') ? undefined : await asked('OPTIONS', path);
    const allowed = options && allowOf(options);
    if (options !== undefined && options.status !== 401 && options.status !== 403) {
      const fault = options.status >= 300 ? `OPTIONS is answered with ${options.status}` : missing(allowed, documented);
      if (fault !== undefined) tell('OPTIONS', fault, options);
    }
    const refused = METHODS.find((method) => !documented.includes(method) && allowed?.includes(method) !== true);
    if (refused === undefined) continue;
    const answer = await asked(refused, path);
    if (answer.status === 401 || answer.status === 403) continue;
    const fault =
      answer.status === 405
        ? missing(allowOf(answer), documented)
        : `${answer.status} is answered for a method that is not documented`;
    if (fault !== undefined) tell(refused, fault, answer);
  }
  return { mismatches, sent };
}

function allowOf({ headers }: ReadAnswer): string[] | undefined {
  return headers.get('allow')?.split(/\s*,\s*/);
}

function missing(allowed: readonly string[] | undefined, documented: readonly string[]): string | undefined {
  if (allowed === undefined) return 'there is no Allow';
  const left = documented.filter((method) => !allowed.includes(method));
  return left.length === 0 ? undefined : `Allow does not tell of ${left.join(', ')}`;
}
