import { z, type ZodType } from 'zod';
import type { Context } from '../http/context.ts';
import { recognizeCopies } from '../http/copies.ts';
import { HTTPException, type RequestValidationError } from '../http/errors.ts';
import { FORM } from '../kinds/inputs.ts';
import type { DependableTraits } from '../metadata/declarations.ts';
import { recordInput, recordTraits } from '../metadata/store.ts';
import { decodeBasic } from './basic.ts';
import { parameterText } from './scheme.ts';

/** RFC 6749 §5.1: token responses, and by its example errors too, must not be cached. */
const NO_STORE = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };

export type OAuth2ErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope';

export interface OAuth2ErrorOptions {
  readonly cause?: unknown;
  /** The protection space of the challenge of `invalid_client`. */
  readonly realm?: string;
}

/** An error of a token endpoint in the shape of RFC 6749 §5.2: 400, or 401 with a challenge for `invalid_client`. */
export class OAuth2Error extends HTTPException {
  override readonly name = 'OAuth2Error';
  readonly error: OAuth2ErrorCode;
  readonly description: string | undefined;

  constructor(error: OAuth2ErrorCode, description?: string, options: OAuth2ErrorOptions = {}) {
    const challenge = `Basic ${parameterText('realm', options.realm ?? 'api')}, charset="UTF-8"`;
    const headers = error === 'invalid_client' ? { ...NO_STORE, 'WWW-Authenticate': challenge } : NO_STORE;
    super(error === 'invalid_client' ? 401 : 400, error, { headers, cause: options.cause });
    this.error = error;
    // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E
    this.description = description
      ?.replaceAll('"', "'")
      .replaceAll('\\', '/')
      .replace(/[^\x20-\x7e]/g, '?');
  }

  override body(): unknown {
    return { error: this.error, error_description: this.description };
  }
}
recognizeCopies(OAuth2Error, 'OAuth2Error');

/** Both shapes in one body: RFC 6749 §5.2 allows further members. */
class InvalidForm extends OAuth2Error {
  readonly #issues: RequestValidationError['issues'];

  constructor({ issues }: RequestValidationError) {
    const foreign = issues.some(({ loc, type }) => loc[1] === 'grant_type' && type === 'invalid_format');
    const description = issues.map(({ loc, msg }) => `${loc.slice(1).join('.')}: ${msg}`).join('; ');
    super(foreign ? 'unsupported_grant_type' : 'invalid_request', description);
    this.#issues = issues;
  }

  override body(): unknown {
    return { error: this.error, error_description: this.description, detail: this.#issues };
  }
}

/** Characters of `scope`, which bounds the number of scopes to split. */
const MAX_SCOPE = 8_192;

/** The values of the form's fields, by their names in RFC 6749 §4.3.2. */
interface PasswordFormFields {
  readonly grant_type?: string | undefined;
  readonly username: string;
  readonly password: string;
  readonly scope: string;
  readonly client_id?: string | undefined;
  readonly client_secret?: string | undefined;
}

class PasswordForm {
  readonly grantType: string | undefined;
  readonly username: string;
  readonly password: string;
  readonly scopes: string[];
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;

  constructor(form: PasswordFormFields, context: Context) {
    const client = clientOf(form, context);
    this.grantType = form.grant_type;
    this.username = form.username;
    this.password = form.password;
    this.scopes = form.scope.split(' ').filter((scope) => scope !== '');
    this.clientId = client.id;
    this.clientSecret = client.secret;
  }
}

const LenientForm: typeof PasswordForm = /* @__PURE__ */ declaring(PasswordForm, 'optional');

/** The form of a password token request (RFC 6749 §4.3.2); `grant_type` may be left out. */
export class OAuth2PasswordRequestForm extends LenientForm {}

const StrictForm: typeof OAuth2PasswordRequestForm = /* @__PURE__ */ declaring(OAuth2PasswordRequestForm, 'required');

/** The same with `grant_type=password` required, as in RFC 6749 §4.3.2. */
export class OAuth2PasswordRequestFormStrict extends StrictForm {
  declare readonly grantType: string;
}

/**
 * The class with its declaration, made by a call so that a bundler drops a form that nobody uses.
 *
 * Its schemas are made when they are first read, since most apps have no such form.
 */
function declaring(base: typeof PasswordForm, grantType: 'optional' | 'required'): typeof PasswordForm {
  class Form extends base {}
  let schema: ZodType | undefined;
  let responses: DependableTraits['responses'];
  recordInput(Form, undefined, 0, {
    kind: 'text',
    from: 'form',
    name: undefined,
    get schema() {
      return (schema ??= fieldsSchema(grantType));
    },
    stages: FORM,
  });
  recordInput(Form, undefined, 1, { kind: 'request', what: 'context', read: ({ context }) => context });
  recordTraits(Form, {
    headers: NO_STORE,
    invalid: (issues) => new InvalidForm(issues),
    get responses() {
      return (responses ??= refusals());
    },
  });
  return Form;
}

function fieldsSchema(grantType: 'optional' | 'required'): ZodType {
  // RFC 6749 appendix B: values are UTF-8; a replacement character stands for bytes that were not.
  const text = z.string().refine((value) => !value.includes('\uFFFD'), 'Invalid UTF-8');
  const hidden = text.meta({ format: 'password' });
  const password = z.string().regex(/^password$/);
  return z.object({
    grant_type: grantType === 'optional' ? password.optional() : password,
    username: text,
    password: hidden,
    scope: text.max(MAX_SCOPE).default(''),
    client_id: text.optional(),
    client_secret: hidden.optional(),
  });
}

function refusals(): NonNullable<DependableTraits['responses']> {
  // RFC 6749 §5.2, which allows for further members.
  const content = z.object({
    error: z.string(),
    error_description: z.string().optional(),
    detail: z.array(z.unknown()).optional(),
  });
  return { 400: { description: 'Bad token request', content }, 401: { description: 'Unknown client', content } };
}

interface Client {
  readonly id: string | undefined;
  readonly secret: string | undefined;
}

/** RFC 6749 §2.3: by a Basic header, urldecoded after base64, or by the form, never by both. */
function clientOf(form: PasswordFormFields, { exchange: { incoming } }: Context): Client {
  const inForm = { id: form.client_id, secret: form.client_secret };
  const header = incoming.header('authorization');
  const basic = header === undefined ? null : /^basic(?:[ \t]+(.*))?$/i.exec(header);
  if (basic === null) return inForm;
  if (incoming.headerCount('authorization') > 1) {
    throw new OAuth2Error('invalid_request', 'More than one way of client authentication');
  }
  const credentials = decodeBasic(basic[1] ?? '');
  if (credentials === undefined) throw new OAuth2Error('invalid_client', 'Malformed client credentials');
  const id = urlDecode(credentials.username);
  const secret = urlDecode(credentials.password);
  // Documentation pages send an empty pair if no client was entered.
  if (id === '' && secret === '') return inForm;
  if (inForm.secret !== undefined || (inForm.id !== undefined && inForm.id !== id)) {
    throw new OAuth2Error('invalid_request', 'More than one way of client authentication');
  }
  return { id, secret };
}

function urlDecode(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    throw new OAuth2Error('invalid_client', 'Malformed client credentials');
  }
}
