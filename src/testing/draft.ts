import type { Arbitrary } from 'fast-check';
import type { MediaTypeObject, ParameterObject } from 'openapi3-ts/oas31';
import { alternativesOf } from './alternatives.ts';
import { FileDraft, Values } from './arbitrary.ts';
import { Unmakeable } from './numbers.ts';
import type { DocumentedOperation } from './documented-operation.ts';
import type { FastCheck } from './peers.ts';
import type { JsonSchema, Schemas } from './schemas.ts';

/** The content of a request, before it is written. */
export interface Draft {
  /** By parameter of the operation; undefined values are not sent. */
  readonly values: readonly unknown[];
  readonly body: BodyDraft | undefined;
}

export interface BodyDraft {
  readonly mediaType: string;
  readonly value: unknown;
  /** Sent instead of the value. */
  readonly raw?: string;
}

const FORMS = ['application/x-www-form-urlencoded', 'multipart/form-data'];

export function isForm(mediaType: string): boolean {
  return FORMS.includes(mediaType);
}

export function isJson(mediaType: string): boolean {
  return /^application\/(?:.+\+)?json$/.test(mediaType);
}

/** The parameters and bodies of an operation, and drafts of requests for them. */
export class Drafts {
  readonly operation: DocumentedOperation;
  readonly schemas: Schemas;
  readonly fc: FastCheck;
  readonly #values: Values;

  constructor(operation: DocumentedOperation, schemas: Schemas, fc: FastCheck) {
    this.operation = operation;
    this.schemas = schemas;
    this.fc = fc;
    this.#values = new Values(fc, schemas);
  }

  schemaAt(index: number): JsonSchema {
    return schemaOf(this.operation.parameters[index]);
  }

  bodySchema(mediaType: string): JsonSchema {
    return (this.operation.body?.content[mediaType]?.schema ?? {}) as JsonSchema;
  }

  isList(schema: JsonSchema): boolean {
    return alternativesOf(schema, this.schemas).some(({ type }) => [type].flat().includes('array'));
  }

  /** Drafts by their schemas, nearly all of them valid. */
  all(): Arbitrary<Draft> {
    const { fc } = this;
    const values = this.operation.parameters.map((parameter) => this.#valuesOf(parameter));
    return fc.record({ values: fc.tuple(...values), body: this.#bodies() });
  }

  /** Whether everything required is present and fits. */
  isValid({ values, body }: Draft): boolean {
    const { parameters, body: documented } = this.operation;
    const fits = parameters.every((parameter, index) => {
      const value = values[index];
      return value === undefined ? parameter.required !== true : this.schemas.isValid(schemaOf(parameter), value);
    });
    if (!fits) return false;
    if (body === undefined) return documented?.required !== true;
    return body.raw === undefined && this.schemas.isValid(this.bodySchema(body.mediaType), withoutFiles(body.value));
  }

  /** Whether a field of a form is sent as JSON, unless it is a file (OpenAPI 3.1, Encoding Object). */
  isJsonField(mediaType: string, name: string): boolean {
    if (isJson(this.#contentType(mediaType, name))) return true;
    const property = this.#propertyOf(mediaType, name);
    const alternatives = alternativesOf(property, this.schemas);
    const items = alternatives.flatMap((one) => alternativesOf(itemsOf(one), this.schemas));
    return [...alternatives, ...items].some(({ type, properties }) => type === 'object' || properties !== undefined);
  }

  /** The media type of a file, if the document names one. */
  fileType(mediaType: string, name: string): string | undefined {
    const [first = ''] = this.#contentType(mediaType, name).split(', ');
    return first === '' ? undefined : first.replace('*/*', 'text/plain').replace('/*', '/plain');
  }

  #contentType(mediaType: string, name: string): string {
    const encoding = this.operation.body?.content[mediaType]?.encoding?.[name] as { contentType?: string } | undefined;
    return encoding?.contentType ?? '';
  }

  #propertyOf(mediaType: string, name: string): JsonSchema {
    const forms = alternativesOf(this.bodySchema(mediaType), this.schemas);
    const known = forms.flatMap(({ properties = {} }) => (Object.hasOwn(properties, name) ? [properties[name]] : []));
    return { anyOf: known.filter((one): one is JsonSchema => typeof one === 'object') };
  }

  #valuesOf(parameter: ParameterObject): Arbitrary<unknown> {
    const place = parameter.content === undefined ? parameter.in : 'json';
    const values = this.#values.of(schemaOf(parameter), place);
    return parameter.required === true ? values : this.fc.option(values, { nil: undefined });
  }

  #bodies(): Arbitrary<BodyDraft | undefined> {
    const { fc } = this;
    const { body } = this.operation;
    if (body === undefined) return fc.constant(undefined);
    const bodies = Object.entries(body.content).map(([mediaType, media]) => {
      if (!isForm(mediaType) && !isJson(mediaType)) throw new Unmakeable(`for ${mediaType}`);
      return this.#valuesOfBody(mediaType, media).map((value) => ({ mediaType, value }));
    });
    const all = fc.oneof(...bodies);
    return body.required === true ? all : fc.option(all, { nil: undefined });
  }

  #valuesOfBody(mediaType: string, { schema = {} }: MediaTypeObject): Arbitrary<unknown> {
    if (isJson(mediaType)) return this.#values.of(schema as JsonSchema, 'json');
    return this.#values.of(schema as JsonSchema, 'form');
  }
}

function schemaOf(parameter: ParameterObject | undefined): JsonSchema {
  const [media] = Object.values(parameter?.content ?? {});
  return (parameter?.schema ?? media?.schema ?? {}) as JsonSchema;
}

function itemsOf({ items, prefixItems = [] }: JsonSchema): JsonSchema {
  return { anyOf: [...prefixItems, ...(typeof items === 'object' ? [items] : [])] };
}

/** To its schema, a file is a string. */
export function withoutFiles(value: unknown): unknown {
  if (value instanceof FileDraft) return value.content;
  if (Array.isArray(value)) return value.map(withoutFiles);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutFiles(each)]));
}
