import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js';
import type { OpenAPIObject } from 'openapi3-ts/oas31';
import { FORMATS } from './formats.ts';
import type { Peers } from './peers.ts';
import { resolve } from './documented-operation.ts';

/** A schema as in the document. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema | boolean>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  readonly format?: string;
}

/** Validates values by the schemas of one document. */
export class Schemas {
  readonly document: OpenAPIObject;
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<unknown, ValidateFunction>();

  constructor(document: OpenAPIObject, { Ajv }: Peers) {
    this.document = document;
    const formats = Object.fromEntries(Array.from(FORMATS, ([name, { check }]) => [name, check]));
    const code = { regExp: Object.assign(expressionOf, { code: 'expressionOf' }) };
    this.#ajv = new Ajv({ strict: false, logger: false, validateSchema: false, formats, code });
  }

  resolve(schema: JsonSchema): JsonSchema {
    return resolve<JsonSchema>(this.document, schema);
  }

  isValid(schema: JsonSchema | boolean, value: unknown): boolean {
    return this.faultOf(schema, value) === undefined;
  }

  /** What is wrong with a value, with a JSON pointer. */
  faultOf(schema: JsonSchema | boolean, value: unknown): string | undefined {
    const validate = this.#validatorOf(schema);
    if (validate(value)) return undefined;
    const error = validate.errors?.[0];
    return `${error?.instancePath || 'the value'} ${error?.message}`;
  }

  /** Whether a text is valid as any of the values that it may represent. */
  isValidText(schema: JsonSchema | boolean, text: string): boolean {
    return valuesOf(text).some((value) => this.isValid(schema, value));
  }

  #validatorOf(schema: JsonSchema | boolean): ValidateFunction {
    let validate = this.#validators.get(schema);
    if (validate === undefined) {
      const { components = {} } = this.document;
      // References are resolved from the root of the compiled schema.
      validate = this.#ajv.compile(typeof schema === 'boolean' ? schema : { ...schema, components });
      this.#validators.set(schema, validate);
    }
    return validate;
  }
}

/** A pattern as JSON Schema reads it (2020-12 §6.4); if it cannot be read so, it is read without the flag. */
export function expressionOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return new RegExp(pattern);
  }
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const WORDS = new Map([
  ...['true', '1', 'on', 'yes'].map((word) => [word, true] as const),
  ...['false', '0', 'off', 'no'].map((word) => [word, false] as const),
]);

/** The document does not say how text becomes a number or a boolean, so every usual reading counts. */
export function valuesOf(text: string): unknown[] {
  const word = WORDS.get(text.trim().toLowerCase());
  const number = DECIMAL.test(text.trim()) ? [Number(text)] : [];
  return [text, ...number, ...(word === undefined ? [] : [word]), ...(/^(?:null)?$/.test(text) ? [null] : [])];
}
