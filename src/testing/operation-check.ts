import type { Arbitrary, RunDetails } from 'fast-check';
import { type Credentials, credentialsOf } from './credentials.ts';
import { ask, type ReceivedResponse } from './received-response.ts';
import type { Checked, DocumentMismatch } from './document-mismatch.ts';
import { Unmakeable } from './numbers.ts';
import type { DocumentedOperation } from './documented-operation.ts';
import { type Draft, Drafts } from './draft.ts';
import { type FaultyDraft, faultsOf } from './faults.ts';
import { judgeAlternative, judgeAnonymous, judgeFaulty, judgeValid } from './judge.ts';
import type { Peers } from './peers.ts';
import { showResponse, showRequest } from './report.ts';
import { type WrittenRequest, write } from './request.ts';
import { leadsElsewhere } from './routing.ts';
import type { Schemas } from './schemas.ts';

interface Circumstances {
  readonly app: Checked;
  readonly operation: DocumentedOperation;
  /** Every operation of the document. */
  readonly all: readonly DocumentedOperation[];
  readonly schemas: Schemas;
  readonly peers: Peers;
  readonly headers: Readonly<Record<string, string>>;
  readonly requests: number;
  readonly seed: number;
}

/** What was sent, and the response. */
interface Exchanged {
  readonly request: WrittenRequest;
  readonly received: ReceivedResponse | undefined;
}

type Judge = typeof judgeValid;

/** Milliseconds for the requests of one kind to one operation. */
const TIME = 30_000;

/** Checks one operation. */
export class OperationCheck {
  readonly mismatches: DocumentMismatch[] = [];
  readonly unchecked: { method: string; path: string; reason: string }[] = [];
  sent = 0;
  readonly #of: Circumstances;
  readonly #operation: DocumentedOperation;
  readonly #credentials: Credentials;
  #accepted = 0;
  #last: Exchanged | undefined;

  constructor(circumstances: Circumstances) {
    const { operation, all, headers } = circumstances;
    this.#of = circumstances;
    this.#credentials = credentialsOf(operation, all, headers);
    // Given headers need not be generated.
    const parameters = operation.parameters.filter(
      ({ in: place, name }) => place !== 'header' || !this.#credentials.own.has(name),
    );
    this.#operation = { ...operation, parameters };
  }

  async run(): Promise<void> {
    const { schemas, peers } = this.#of;
    const { isProtected, credentialHeaders } = this.#operation;
    try {
      const drafts = new Drafts(this.#operation, schemas, peers.fc);
      const valid = drafts.all();
      if (isProtected) await this.#checkAccess(drafts, valid, this.#credentials.anonymous, judgeAnonymous);
      if (isProtected && !credentialHeaders.some((name) => this.#credentials.own.has(name))) {
        return this.#leave('the headers have no credentials for it');
      }
      await this.#checkValid(drafts, valid);
      for (const headers of this.#accepted > 0 ? this.#credentials.alternatives : []) {
        await this.#checkAccess(drafts, valid, headers, judgeAlternative);
      }
      await this.#checkFaulty(drafts);
    } catch (error) {
      if (!(error instanceof Unmakeable)) throw error;
      this.#leave(`no value can be generated ${error.message}`);
    }
  }

  /** Sends valid requests with more or less of the credentials. */
  async #checkAccess(drafts: Drafts, valid: Arbitrary<Draft>, headers: Headers, judge: Judge): Promise<void> {
    await this.#check(Math.ceil(this.#of.requests / 10), valid, async (draft) => {
      this.#assume(drafts.isValid(draft));
      return this.#send(drafts, draft, headers, judge);
    });
  }

  async #checkValid(drafts: Drafts, valid: Arbitrary<Draft>): Promise<void> {
    const done = await this.#check(this.#half(), valid, async (draft) => {
      this.#assume(drafts.isValid(draft));
      return this.#send(drafts, draft, this.#credentials.own, judgeValid);
    });
    if (done && this.#operation.isProtected && this.#accepted === 0) {
      this.#leave('its credentials were always refused');
    }
  }

  async #checkFaulty(drafts: Drafts): Promise<void> {
    const faults = faultsOf(drafts, this.#of.seed);
    if (faults === undefined) return;
    await this.#check(this.#half(), faults, async (faulty) => {
      this.#assume(faulty !== undefined);
      return this.#sendFaulty(drafts, faulty);
    });
  }

  async #sendFaulty(drafts: Drafts, { draft, fault, base }: FaultyDraft): Promise<string | undefined> {
    const message = await this.#send(drafts, draft, this.#credentials.own, judgeFaulty);
    const status = this.#last?.received?.status ?? 0;
    if (message === undefined || !message.endsWith('although')) return message;
    const shown = this.#last;
    // A refusal by a dependency precedes validation, so both get the same response.
    if (status >= 404 && status < 500 && this.#operation.responses.has(String(status))) {
      const request = write(drafts, base, this.#credentials.own);
      const received = request && (await this.#ask(request));
      if (received?.status === status) return undefined;
    }
    this.#last = shown;
    return `${message} ${fault}`;
  }

  async #send(drafts: Drafts, draft: Draft, headers: Headers, judge: Judge): Promise<string | undefined> {
    const request = write(drafts, draft, headers);
    this.#assume(request !== undefined && !leadsElsewhere(this.#operation, request.target, this.#of.all));
    let received: ReceivedResponse;
    try {
      received = await this.#ask(request);
    } catch (error) {
      this.#last = { request, received: undefined };
      return `no response: ${error instanceof Error ? error.message : String(error)}`;
    }
    this.#last = { request, received };
    if (received.status !== 401 && received.status !== 403) this.#accepted++;
    return judge(this.#operation, received, this.#of.schemas);
  }

  #ask(request: WrittenRequest): Promise<ReceivedResponse> {
    this.sent++;
    return ask(this.#of.app, request);
  }

  #assume(expected: boolean): asserts expected {
    this.#of.peers.fc.pre(expected);
  }

  #half(): number {
    return Math.ceil(this.#of.requests / 2);
  }

  /** Runs a property, and keeps the smallest request that breaks it; returns whether it held. */
  async #check<T>(
    numRuns: number,
    arbitrary: Arbitrary<T>,
    messageOf: (value: T) => Promise<string | undefined>,
  ): Promise<boolean> {
    const { fc } = this.#of.peers;
    let smallest: { exchanged: Exchanged; message: string } | undefined;
    const property = fc.asyncProperty(arbitrary, async (value) => {
      const message = await messageOf(value);
      if (message === undefined || this.#last === undefined) return;
      // After a failure, fast-check continues only with smaller values.
      smallest = { exchanged: this.#last, message };
      throw new Error(message);
    });
    const settings = { seed: this.#of.seed, numRuns, interruptAfterTimeLimit: TIME, markInterruptAsFailure: false };
    const details = (await fc.check(property, settings)) as RunDetails<[T]>;
    if (!details.failed && smallest === undefined) return true;
    if (smallest !== undefined) this.#tell(smallest.message, smallest.exchanged);
    else if (details.interrupted) this.#leave(`there was no response within ${TIME} ms`);
    else if (details.counterexample === null) this.#leave('too few of the generated values are valid');
    else throw details.errorInstance;
    return false;
  }

  #tell(message: string, { request, received }: Exchanged): void {
    const { operationId, method, path } = this.#operation;
    this.mismatches.push({
      operationId,
      method,
      path,
      message,
      request: showRequest(request, this.#of.headers),
      response: received === undefined ? '' : showResponse(received),
    });
  }

  #leave(reason: string): void {
    const { method, path } = this.#operation;
    this.unchecked.push({ method, path, reason });
  }
}
