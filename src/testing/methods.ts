import { ask, type ReadAnswer } from './answer.ts';
import type { Checked, DocumentMismatch } from './document-mismatch.ts';
import type { DocumentedOperation } from './documented-operation.ts';
import { showAnswer, showRequest } from './report.ts';
import type { WrittenRequest } from './request.ts';

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'];

/** Whether each path allows the methods that it is documented with, and refuses the others with 405 and `Allow`. */
export async function checkMethods(
  app: Checked,
  all: readonly DocumentedOperation[],
  paths: ReadonlySet<string>,
): Promise<{ mismatches: DocumentMismatch[]; sent: number }> {
  const mismatches: DocumentMismatch[] = [];
  let sent = 0;
  for (const path of paths) {
    const documented = all.filter((operation) => operation.path === path).map(({ method }) => method);
    const check = new MethodCheck(app, path, documented);
    try {
      const allowed = documented.includes('OPTIONS') ? documented : await check.options();
      const refused = METHODS.find((method) => !documented.includes(method) && !allowed.includes(method));
      if (refused !== undefined) await check.refused(refused);
    } catch (error) {
      check.tell(`no answer: ${error instanceof Error ? error.message : String(error)}`);
    }
    mismatches.push(...check.mismatches);
    sent += check.sent;
  }
  return { mismatches, sent };
}

/** Asks one path for methods that the document does not tell. */
class MethodCheck {
  readonly mismatches: DocumentMismatch[] = [];
  sent = 0;
  readonly #app: Checked;
  readonly #path: string;
  readonly #documented: readonly string[];
  #request: WrittenRequest;

  constructor(app: Checked, path: string, documented: readonly string[]) {
    this.#app = app;
    this.#path = path;
    this.#documented = documented;
    this.#request = this.#requestOf('OPTIONS');
  }

  /** What OPTIONS tells is allowed. */
  async options(): Promise<readonly string[]> {
    const answer = await this.#ask('OPTIONS');
    if (answer.status >= 300) this.#judge(answer, `OPTIONS is answered with ${answer.status}`);
    else this.#judge(answer, this.#missing(answer));
    return allowOf(answer) ?? [];
  }

  async refused(method: string): Promise<void> {
    const answer = await this.#ask(method);
    if (answer.status === 405) this.#judge(answer, this.#missing(answer));
    else this.#judge(answer, `${answer.status} is answered for a method that is not documented`);
  }

  tell(message: string, answer?: ReadAnswer): void {
    const request = showRequest(this.#request, {});
    const shown = answer === undefined ? '' : showAnswer(answer);
    const { method } = this.#request;
    this.mismatches.push({ operationId: '', method, path: this.#path, message, request, answer: shown });
  }

  /** A middleware may ask for credentials before anybody asks which methods there are. */
  #judge(answer: ReadAnswer, message: string | undefined): void {
    if (message !== undefined && answer.status !== 401 && answer.status !== 403) this.tell(message, answer);
  }

  #missing(answer: ReadAnswer): string | undefined {
    const allowed = allowOf(answer);
    if (allowed === undefined) return `${answer.status} has no header Allow`;
    const left = this.#documented.filter((method) => !allowed.includes(method));
    return left.length === 0 ? undefined : `Allow does not name ${left.join(', ')}`;
  }

  #ask(method: string): Promise<ReadAnswer> {
    this.sent++;
    this.#request = this.#requestOf(method);
    return ask(this.#app, this.#request);
  }

  #requestOf(method: string): WrittenRequest {
    return { method, target: this.#path.replace(/\{[^}]+\}/g, '1'), headers: new Headers(), body: undefined };
  }
}

function allowOf({ headers }: ReadAnswer): string[] | undefined {
  return headers.get('allow')?.split(/\s*,\s*/);
}
