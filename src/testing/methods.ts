import { ask, type ReceivedResponse } from './received-response.ts';
import type { Checked, DocumentMismatch } from './document-mismatch.ts';
import type { DocumentedOperation } from './documented-operation.ts';
import { showResponse, showRequest } from './report.ts';
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
      check.tell(`no response: ${error instanceof Error ? error.message : String(error)}`);
    }
    mismatches.push(...check.mismatches);
    sent += check.sent;
  }
  return { mismatches, sent };
}

/** Requests one path with undocumented methods. */
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

  /** The methods that OPTIONS lists as allowed. */
  async options(): Promise<readonly string[]> {
    const received = await this.#ask('OPTIONS');
    if (received.status >= 300) this.#judge(received, `OPTIONS returned ${received.status}`);
    else this.#judge(received, this.#missing(received));
    return allowOf(received) ?? [];
  }

  async refused(method: string): Promise<void> {
    const received = await this.#ask(method);
    if (received.status === 405) this.#judge(received, this.#missing(received));
    else this.#judge(received, `${received.status} was returned for an undocumented method`);
  }

  tell(message: string, received?: ReceivedResponse): void {
    const request = showRequest(this.#request, {});
    const shown = received === undefined ? '' : showResponse(received);
    const { method } = this.#request;
    this.mismatches.push({ operationId: '', method, path: this.#path, message, request, response: shown });
  }

  /** A middleware may require credentials before methods are checked. */
  #judge(received: ReceivedResponse, message: string | undefined): void {
    if (message !== undefined && received.status !== 401 && received.status !== 403) this.tell(message, received);
  }

  #missing(received: ReceivedResponse): string | undefined {
    const allowed = allowOf(received);
    if (allowed === undefined) return `${received.status} has no header Allow`;
    const left = this.#documented.filter((method) => !allowed.includes(method));
    return left.length === 0 ? undefined : `Allow does not name ${left.join(', ')}`;
  }

  #ask(method: string): Promise<ReceivedResponse> {
    this.sent++;
    this.#request = this.#requestOf(method);
    return ask(this.#app, this.#request);
  }

  #requestOf(method: string): WrittenRequest {
    return { method, target: this.#path.replace(/\{[^}]+\}/g, '1'), headers: new Headers(), body: undefined };
  }
}

function allowOf({ headers }: ReceivedResponse): string[] | undefined {
  return headers.get('allow')?.split(/\s*,\s*/);
}
