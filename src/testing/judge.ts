import type { HeaderObject, MediaTypeObject, ResponseObject } from 'openapi3-ts/oas31';
import type { ReceivedResponse } from './received-response.ts';
import { type DocumentedOperation, resolve } from './documented-operation.ts';
import { isJson } from './draft.ts';
import { type JsonSchema, type Schemas, valuesOf } from './schemas.ts';
import { isStream, itemsOf } from './streamed-items.ts';

/** What is wrong with the response to a request that fits the document; undefined if nothing is. */
export function judgeValid(
  operation: DocumentedOperation,
  received: ReceivedResponse,
  schemas: Schemas,
): string | undefined {
  if (isRefusal(operation, received)) return `a valid request is refused with ${received.status}`;
  const { status } = received;
  if ((status === 401 || status === 403) && !operation.isProtected && !operation.responses.has(String(status))) {
    return `${status} was returned, but the document has no security`;
  }
  return judgeAny(operation, received, schemas);
}

/** Whether a response refuses a request as invalid. */
function isRefusal(operation: DocumentedOperation, { status, text }: ReceivedResponse): boolean {
  if (status === 415 || status === 422) return true;
  if (status !== 400) return false;
  // Beside a documented 422, or with an OAuth error, a 400 refuses what the request asks for (RFC 6749, section 5.2).
  if (operation.responses.has('400') && operation.responses.has('422')) return false;
  const [, error = 'invalid_request'] = /^\{"error":"([a-z_]+)"/.exec(text) ?? [];
  return error === 'invalid_request';
}

/** What is wrong with the response to a request that does not fit the document. */
export function judgeFaulty(
  operation: DocumentedOperation,
  received: ReceivedResponse,
  schemas: Schemas,
): string | undefined {
  const { status } = received;
  if (status < 400) return `${status} was returned, although`;
  if (![400, 401, 403, 413, 415, 422, 429].includes(status)) return `${status} was returned, although`;
  return judgeAny(operation, received, schemas);
}

/** What is wrong with the response to a request without the credentials that its operation requires. */
export function judgeAnonymous(
  operation: DocumentedOperation,
  received: ReceivedResponse,
  schemas: Schemas,
): string | undefined {
  const { status, headers } = received;
  if (status !== 401 && status !== 403) return `${status} was returned without the documented credentials`;
  if (status === 401 && !headers.has('www-authenticate')) return '401 was returned without a challenge';
  return judgeAny(operation, received, schemas);
}

/** What is wrong with the response to a request with the credentials of one alternative. */
export function judgeAlternative(
  operation: DocumentedOperation,
  received: ReceivedResponse,
  schemas: Schemas,
): string | undefined {
  if (received.status === 401) return '401 is answered to one of the alternatives of the security that is documented';
  return judgeValid(operation, received, schemas);
}

/** What is wrong with a response to any request. */
function judgeAny(operation: DocumentedOperation, received: ReceivedResponse, schemas: Schemas): string | undefined {
  const { status } = received;
  if (status === 500) return '500 was returned';
  if (status === 405) return '405 was returned for a documented method';
  const { responses } = operation;
  const response =
    responses.get(String(status)) ?? responses.get(`${Math.floor(status / 100)}XX`) ?? responses.get('default');
  if (response === undefined) return `the status ${status} is not documented`;
  return headerFault(response, received, schemas) ?? contentFault(operation, response, received, schemas);
}

function headerFault(
  { headers = {} }: ResponseObject,
  received: ReceivedResponse,
  schemas: Schemas,
): string | undefined {
  for (const [name, referred] of Object.entries(headers)) {
    const { required, schema } = resolve<HeaderObject>(schemas.document, referred);
    const value = received.headers.get(name);
    if (value === null) {
      if (required === true) return `${received.status} has no header ${name}`;
    } else if (schema !== undefined && !isHeaderValid(schema as JsonSchema, value, schemas)) {
      return `the header ${name} of ${received.status} does not match its schema: ${value}`;
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
  received: ReceivedResponse,
  schemas: Schemas,
): string | undefined {
  const { status, headers, text } = received;
  const type = essenceOf(headers.get('content-type') ?? '');
  if (method === 'HEAD') return text === '' ? undefined : `${status} has a body for HEAD`;
  const documented = Object.keys(content);
  if (documented.length === 0) return text === '' ? undefined : `${status} has a body, but none is documented`;
  const found = Object.entries(content).find(([range]) => isOfType(range, type));
  if (found === undefined)
    return `${status} has ${type === '' ? 'no type' : `the type ${type}`}, but ${documented.join(', ')} is documented`;
  return bodyFault(found[1], type, received, schemas);
}

function isOfType(range: string, type: string): boolean {
  const essence = essenceOf(range);
  return essence === type || essence === '*/*' || (essence.endsWith('/*') && type.startsWith(essence.slice(0, -1)));
}

/** A media type without its parameters. */
function essenceOf(type: string): string {
  return type.replace(/;.*$/s, '').trim().toLowerCase();
}

function bodyFault(
  media: MediaTypeObject,
  type: string,
  received: ReceivedResponse,
  schemas: Schemas,
): string | undefined {
  const schema = media.schema as JsonSchema | undefined;
  const { status, text, isWhole } = received;
  const itemSchema = (media['x-itemSchema' as never] ?? media['itemSchema' as never]) as JsonSchema | undefined;
  if (itemSchema !== undefined && isStream(type)) return itemFault(itemSchema, type, received, schemas);
  if (schema === undefined || !isWhole) return undefined;
  const said = `the body of ${status} does not match its schema: `;
  if (!isJson(type)) {
    // Bytes are not a string that a schema could describe.
    const fault = type.startsWith('text/') ? schemas.faultOf(schema, text) : undefined;
    return fault && said + fault;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `the body of ${status} is not JSON`;
  }
  const fault = schemas.faultOf(schema, value);
  return fault && said + fault;
}

function itemFault(schema: JsonSchema, type: string, received: ReceivedResponse, schemas: Schemas): string | undefined {
  for (const [index, readings] of itemsOf(type, received).entries()) {
    const faults = readings.map((reading) => schemas.faultOf(schema, reading));
    if (!faults.includes(undefined))
      return `item ${index} of the stream does not match its schema: ${faults[0] ?? 'it is not JSON'}`;
  }
  return undefined;
}
