import type { HeaderObject, MediaTypeObject, ResponseObject } from 'openapi3-ts/oas31';
import type { ReadAnswer } from './answer.ts';
import { type DocumentedOperation, resolve } from './documented-operation.ts';
import { isJson } from './draft.ts';
import { type JsonSchema, type Schemas, valuesOf } from './schemas.ts';
import { isStream, itemsOf } from './streamed-items.ts';

/** What is wrong with an answer to a request that fits the document; undefined where nothing is. */
export function judgeValid(operation: DocumentedOperation, answer: ReadAnswer, schemas: Schemas): string | undefined {
  if (isRefusal(operation, answer)) return `a valid request is refused with ${answer.status}`;
  const { status } = answer;
  if ((status === 401 || status === 403) && !operation.isProtected && !operation.responses.has(String(status))) {
    return `${status} is answered, and the document tells of no security`;
  }
  return judgeAny(operation, answer, schemas);
}

/** Whether an answer refuses a request as invalid. */
function isRefusal(operation: DocumentedOperation, { status, text }: ReadAnswer): boolean {
  if (status === 415 || status === 422) return true;
  if (status !== 400) return false;
  // Beside a 422, or with an error of OAuth, it refuses what the request asks for (RFC 6749, section 5.2).
  if (operation.responses.has('400') && operation.responses.has('422')) return false;
  const [, error = 'invalid_request'] = /^\{"error":"([a-z_]+)"/.exec(text) ?? [];
  return error === 'invalid_request';
}

/** What is wrong with an answer to a request that does not fit the document. */
export function judgeFaulty(operation: DocumentedOperation, answer: ReadAnswer, schemas: Schemas): string | undefined {
  const { status } = answer;
  if (status < 400) return `${status} is answered, although`;
  if (![400, 401, 403, 413, 415, 422, 429].includes(status)) return `${status} is answered, although`;
  return judgeAny(operation, answer, schemas);
}

/** What is wrong with an answer to a request without the credentials that its operation asks for. */
export function judgeAnonymous(
  operation: DocumentedOperation,
  answer: ReadAnswer,
  schemas: Schemas,
): string | undefined {
  const { status, headers } = answer;
  if (status !== 401 && status !== 403) return `${status} is answered without the credentials that are documented`;
  if (status === 401 && !headers.has('www-authenticate')) return '401 is answered without a challenge';
  return judgeAny(operation, answer, schemas);
}

/** What is wrong with an answer, whatever it answers. */
function judgeAny(operation: DocumentedOperation, answer: ReadAnswer, schemas: Schemas): string | undefined {
  const { status } = answer;
  if (status === 500) return '500 is answered';
  if (status === 405) return '405 is answered for a method that is documented';
  const { responses } = operation;
  const response =
    responses.get(String(status)) ?? responses.get(`${Math.floor(status / 100)}XX`) ?? responses.get('default');
  if (response === undefined) return `the status ${status} is not documented`;
  return headerFault(response, answer, schemas) ?? contentFault(operation, response, answer, schemas);
}

function headerFault({ headers = {} }: ResponseObject, answer: ReadAnswer, schemas: Schemas): string | undefined {
  for (const [name, referred] of Object.entries(headers)) {
    const { required, schema } = resolve<HeaderObject>(schemas.document, referred);
    const value = answer.headers.get(name);
    if (value === null) {
      if (required === true) return `${answer.status} has no header ${name}`;
    } else if (schema !== undefined && !isHeaderValid(schema as JsonSchema, value, schemas)) {
      return `the header ${name} of ${answer.status} does not fit: ${value}`;
    }
  }
  return undefined;
}

/** A list is separated by commas (OpenAPI 3.1, style `simple`). */
function isHeaderValid(schema: JsonSchema, value: string, schemas: Schemas): boolean {
  if (schemas.isValidText(schema, value)) return true;
  const items = value.split(/\s*,\s*/);
  return (
    schemas.isValid(schema, items) ||
    schemas.isValid(
      schema,
      items.map((item) => valuesOf(item)[1] ?? item),
    )
  );
}

function contentFault(
  { method }: DocumentedOperation,
  { content = {} }: ResponseObject,
  answer: ReadAnswer,
  schemas: Schemas,
): string | undefined {
  const { status, headers, text } = answer;
  const type = (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (method === 'HEAD') return text === '' ? undefined : `${status} answers HEAD with a body`;
  const documented = Object.keys(content);
  if (documented.length === 0) return text === '' ? undefined : `${status} has a body, and none is documented`;
  const key = documented.find((range) => isOfType(range, type));
  if (key === undefined) return `${status} is of ${type || 'no type'}, and ${documented.join(', ')} is documented`;
  return bodyFault(content[key] ?? {}, type, answer, schemas);
}

function isOfType(range: string, type: string): boolean {
  const essence = range.split(';')[0]?.trim().toLowerCase() ?? '';
  return essence === type || essence === '*/*' || (essence.endsWith('/*') && type.startsWith(essence.slice(0, -1)));
}

function bodyFault(media: MediaTypeObject, type: string, answer: ReadAnswer, schemas: Schemas): string | undefined {
  const schema = media.schema as JsonSchema | undefined;
  const { status, text, isWhole } = answer;
  const itemSchema = (media['x-itemSchema' as never] ?? media['itemSchema' as never]) as JsonSchema | undefined;
  if (itemSchema !== undefined && isStream(type)) return itemFault(itemSchema, type, answer, schemas);
  if (schema === undefined || !isWhole) return undefined;
  const said = `the body of ${status} does not fit: `;
  if (!isJson(type)) {
    // Bytes are no string that a schema could say something of.
    const fault = type.startsWith('text/') ? schemas.faultOf(schema, text) : undefined;
    return fault && said + fault;
  }
  try {
    const fault = schemas.faultOf(schema, JSON.parse(text));
    return fault && said + fault;
  } catch (error) {
    if (error instanceof SyntaxError) return `the body of ${status} is not JSON`;
    throw error;
  }
}

function itemFault(schema: JsonSchema, type: string, answer: ReadAnswer, schemas: Schemas): string | undefined {
  for (const [index, readings] of itemsOf(type, answer).entries()) {
    const faults = readings.map((reading) => schemas.faultOf(schema, reading));
    if (!faults.includes(undefined))
      return `item ${index} of the stream does not fit: ${faults[0] ?? 'it is not JSON'}`;
  }
  return undefined;
}
