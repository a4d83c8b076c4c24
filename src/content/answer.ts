import type { HeaderFields } from '../http/errors.ts';

const ANSWER: unique symbol = Symbol.for('portico.answer') as never;

export interface AnswerOptions {
  /** Headers of this response alone. */
  readonly headers?: HeaderFields;
}

/** A value together with the status it is sent with. */
export class Answer<out S extends number, out V> {
  readonly [ANSWER] = true;
  readonly status: S;
  readonly value: V;
  readonly headers: HeaderFields | undefined;

  constructor(status: S, value: V, headers: HeaderFields | undefined) {
    this.status = status;
    this.value = value;
    this.headers = headers;
  }
}

/** Answers with a status other than the usual one; the value is checked by what is declared for that status. */
export function answer<const S extends number, V>(status: S, value: V, options: AnswerOptions = {}): Answer<S, V> {
  return new Answer(status, value, options.headers);
}

export function isAnswer(value: object): value is Answer<number, unknown> {
  return ANSWER in value;
}
