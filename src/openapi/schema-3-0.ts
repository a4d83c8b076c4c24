/** Any object of a document. */
export type Json = Readonly<Record<string, unknown>>;

/** The keywords of a Schema Object in OpenAPI 3.0 that are copied unchanged. */
const KEYWORDS = new Set(
  `title multipleOf maximum minimum maxLength minLength pattern maxItems minItems uniqueItems maxProperties minProperties
  enum description format default discriminator readOnly writeOnly xml externalDocs deprecated example`.split(/\s+/),
);

/** Null alone: 3.0 has no type of it. */
const NULL: Json = { type: 'string', nullable: true, enum: [null] };

/** A schema of OpenAPI 3.1 as one of 3.0; keywords that 3.0 does not know are left out. */
export function toSchema30(json: unknown): Json {
  if (json === false) return { not: {} };
  if (!isObject(json)) return {};
  const { $ref, ...beside } = json;
  // Siblings of a reference are ignored in 3.0.
  if (typeof $ref === 'string') {
    return Object.keys(beside).length === 0 ? { $ref } : { ...toSchema30(beside), allOf: [{ $ref }] };
  }
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) if (KEYWORDS.has(key) || key.startsWith('x-')) copy[key] = value;
  if ('const' in json) copy['enum'] = [json['const']];
  addBounds(json, copy);
  addObject(json, copy);
  addExample(json, copy);
  addContent(json, copy);
  if (Array.isArray(json['allOf'])) copy['allOf'] = json['allOf'].map(toSchema30);
  if (isSchema(json['not'])) copy['not'] = toSchema30(json['not']);
  addTypes(json, copy);
  addAlternatives(json, copy);
  const { type, ...others } = copy;
  return type === undefined ? others : { type, ...others };
}

/** Exclusive bounds were booleans beside a bound. */
function addBounds(json: Json, copy: Record<string, unknown>): void {
  for (const [exclusive, inclusive] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    const bound = json[exclusive];
    if (typeof bound !== 'number') continue;
    const other = json[inclusive];
    const isTighter = typeof other !== 'number' || (inclusive === 'minimum' ? bound >= other : bound <= other);
    if (isTighter) Object.assign(copy, { [inclusive]: bound, [exclusive]: true });
  }
}

function addObject(json: Json, copy: Record<string, unknown>): void {
  const { properties, required, additionalProperties, patternProperties } = json;
  if (isObject(properties)) {
    const entries = Object.entries(properties).map(([name, property]) => [name, toSchema30(property)]);
    copy['properties'] = Object.fromEntries(entries);
  }
  if (Array.isArray(required) && required.length > 0) copy['required'] = required;
  if (isObject(additionalProperties)) copy['additionalProperties'] = toSchema30(additionalProperties);
  // Keys that match a pattern would be refused.
  else if (typeof additionalProperties === 'boolean' && patternProperties === undefined)
    copy['additionalProperties'] = additionalProperties;
}

function addExample({ examples }: Json, copy: Record<string, unknown>): void {
  if (Array.isArray(examples) && examples.length > 0 && copy['example'] === undefined) copy['example'] = examples[0];
}

/** Bytes: as they are, or as base64. */
function addContent({ contentEncoding, contentMediaType, type, format }: Json, copy: Record<string, unknown>): void {
  if (contentEncoding === 'base64' || contentEncoding === 'base64url') copy['format'] = 'byte';
  else if (contentMediaType !== undefined && (type === undefined || type === 'string') && format === undefined)
    Object.assign(copy, { type: 'string', format: 'binary' });
}

/** One type, which may be nullable. */
function addTypes(json: Json, copy: Record<string, unknown>): void {
  const all = (Array.isArray(json['type']) ? json['type'] : [json['type']]) as readonly unknown[];
  const types = all.filter((type) => type !== 'null' && type !== undefined);
  const isNullable = all.includes('null');
  const [only, ...others] = types;
  if (only === undefined) {
    if (isNullable) Object.assign(copy, NULL);
    return;
  }
  if (others.length > 0) {
    const each = types.map((type) => ({ type, ...(type === 'array' ? { items: itemsOf(json) } : {}) }));
    copy['anyOf'] = isNullable ? withNull(each) : each;
    return;
  }
  copy['type'] = only;
  if (isNullable) copy['nullable'] = true;
  if (only === 'array') copy['items'] = itemsOf(json);
}

/** The items of a list of any kind; 3.0 cannot describe a tuple's items by position. */
function itemsOf({ items, prefixItems }: Json): Json {
  const listed = [
    ...(Array.isArray(prefixItems) ? (prefixItems as unknown[]) : []),
    ...(isObject(items) ? [items] : []),
  ];
  const different = [...new Map(listed.map(toSchema30).map((one) => [JSON.stringify(one), one])).values()];
  const [only = {}, ...others] = different;
  return others.length === 0 ? only : { anyOf: different };
}

/** Beside a `type`, `nullable` allows null; anywhere else it means nothing. */
function addAlternatives(json: Json, copy: Record<string, unknown>): void {
  for (const key of ['anyOf', 'oneOf'] as const) {
    const alternatives = json[key];
    if (!Array.isArray(alternatives)) continue;
    const others = alternatives.filter((one) => !isNull(one)).map(toSchema30);
    const [only] = others;
    if (others.length === alternatives.length) copy[key] = others;
    else if (others.length === 1 && only?.['type'] !== undefined) Object.assign(copy, { ...orNull(only), ...copy });
    else copy[key] = withNull(others);
  }
}

/** Null fits one of the alternatives, if only one of its own. */
function withNull(alternatives: readonly Json[]): readonly Json[] {
  const first = alternatives.findIndex((one) => one['type'] !== undefined);
  if (first === -1) return [...alternatives, NULL];
  return alternatives.map((one, index) => (index === first ? orNull(one) : one));
}

function orNull(json: Json): Json {
  const values = json['enum'] as readonly unknown[] | undefined;
  return { ...json, nullable: true, ...(values === undefined ? {} : { enum: [...new Set([...values, null])] }) };
}

function isNull(json: unknown): boolean {
  return isObject(json) && (json['type'] === 'null' || json['const'] === null);
}

function isSchema(json: unknown): boolean {
  return typeof json === 'boolean' || isObject(json);
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
