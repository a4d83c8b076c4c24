type Json = Readonly<Record<string, unknown>>;
type Position = readonly [kind: Kind, shape: 'one' | 'list' | 'map'];
type Kind =
  | 'callback'
  | 'components'
  | 'encoding'
  | 'header'
  | 'info'
  | 'license'
  | 'mediaType'
  | 'operation'
  | 'parameter'
  | 'pathItem'
  | 'requestBody'
  | 'response'
  | 'schema';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const WITH_SCHEMA: Readonly<Record<string, Position>> = { schema: ['schema', 'one'], content: ['mediaType', 'map'] };

/** Where the objects of a document have others. */
const POSITIONS: Readonly<Record<Exclude<Kind, 'schema' | 'callback'>, Readonly<Record<string, Position>>>> = {
  components: {
    schemas: ['schema', 'map'],
    responses: ['response', 'map'],
    parameters: ['parameter', 'map'],
    requestBodies: ['requestBody', 'map'],
    headers: ['header', 'map'],
    callbacks: ['callback', 'map'],
  },
  encoding: { headers: ['header', 'map'] },
  header: WITH_SCHEMA,
  info: { license: ['license', 'one'] },
  license: {},
  mediaType: { schema: ['schema', 'one'], 'x-itemSchema': ['schema', 'one'], encoding: ['encoding', 'map'] },
  operation: {
    parameters: ['parameter', 'list'],
    requestBody: ['requestBody', 'one'],
    responses: ['response', 'map'],
    callbacks: ['callback', 'map'],
  },
  parameter: WITH_SCHEMA,
  pathItem: {
    parameters: ['parameter', 'list'],
    'x-additionalOperations': ['operation', 'map'],
    ...Object.fromEntries(METHODS.map((method): [string, Position] => [method, ['operation', 'one']])),
  },
  requestBody: { content: ['mediaType', 'map'] },
  response: { headers: ['header', 'map'], content: ['mediaType', 'map'] },
};

/** What 3.1 added outside of schemas. */
const ADDED: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  components: ['pathItems'],
  info: ['summary'],
  license: ['identifier'],
};

/** The keywords of a Schema Object in OpenAPI 3.0 that are taken over as they are. */
const KEYWORDS = new Set(
  `title multipleOf maximum minimum maxLength minLength pattern maxItems minItems uniqueItems maxProperties minProperties
  enum description format default discriminator readOnly writeOnly xml externalDocs deprecated example`.split(/\s+/),
);

/** A document of OpenAPI 3.1 as one of 3.0.3; what 3.0 has no words for is left out, so that it says less, not otherwise. */
export function toVersion30(document: Json): Json {
  const { openapi: _, jsonSchemaDialect: __, info, servers, paths, webhooks, components, ...rest } = document;
  return {
    openapi: '3.0.3',
    info: convert('info', info),
    ...(servers === undefined ? {} : { servers }),
    paths: convertMap('pathItem', paths ?? {}),
    ...(components === undefined ? {} : { components: convert('components', components) }),
    ...(webhooks === undefined ? {} : { 'x-webhooks': convertMap('pathItem', webhooks) }),
    ...rest,
  };
}

function convert(kind: Kind, value: unknown): unknown {
  if (kind === 'schema') return toSchema(value);
  if (!isObject(value)) return value;
  if (kind === 'callback') return convertMap('pathItem', value);
  const copy: Record<string, unknown> = { ...value };
  for (const name of ADDED[kind] ?? []) delete copy[name];
  for (const [name, [inner, shape]] of Object.entries(POSITIONS[kind])) {
    const found = copy[name];
    if (found === undefined) continue;
    if (shape === 'one') copy[name] = convert(inner, found);
    else if (shape === 'map') copy[name] = convertMap(inner, found);
    else if (Array.isArray(found)) copy[name] = found.map((one) => convert(inner, one));
  }
  return copy;
}

function convertMap(kind: Kind, map: unknown): unknown {
  if (!isObject(map)) return map;
  return Object.fromEntries(
    Object.entries(map).map(([name, value]) => [
      name,
      name.startsWith('x-') && kind === 'pathItem' ? value : convert(kind, value),
    ]),
  );
}

function toSchema(json: unknown): Json {
  if (json === false) return { not: {} };
  if (!isObject(json)) return {};
  const { $ref, ...beside } = json;
  // Nothing beside a reference counts in 3.0.
  if (typeof $ref === 'string') {
    return Object.keys(beside).length === 0 ? { $ref } : { ...toSchema(beside), allOf: [{ $ref }] };
  }
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) if (KEYWORDS.has(key) || key.startsWith('x-')) copy[key] = value;
  addConstant(json, copy);
  addBounds(json, copy);
  addObject(json, copy);
  addExample(json, copy);
  addContent(json, copy);
  if (Array.isArray(json['allOf'])) copy['allOf'] = json['allOf'].map(toSchema);
  if (isSchema(json['not'])) copy['not'] = toSchema(json['not']);
  addTypes(json, copy);
  addAlternatives(json, copy);
  const { type, ...others } = copy;
  return type === undefined ? others : { type, ...others };
}

function addConstant(json: Json, copy: Record<string, unknown>): void {
  if ('const' in json) copy['enum'] = [json['const']];
  if (Array.isArray(copy['enum']) && copy['enum'].includes(null)) copy['nullable'] = true;
}

/** They were booleans beside a bound, not bounds. */
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
  if (properties !== undefined) copy['properties'] = convertMap('schema', properties);
  if (Array.isArray(required) && required.length > 0) copy['required'] = required;
  if (isObject(additionalProperties)) copy['additionalProperties'] = toSchema(additionalProperties);
  // Keys that a pattern names would be refused.
  else if (typeof additionalProperties === 'boolean' && patternProperties === undefined)
    copy['additionalProperties'] = additionalProperties;
}

function addExample({ examples }: Json, copy: Record<string, unknown>): void {
  if (Array.isArray(examples) && examples.length > 0 && copy['example'] === undefined) copy['example'] = examples[0];
}

/** Bytes: as they are, or as base64. */
function addContent({ contentEncoding, contentMediaType, type, format }: Json, copy: Record<string, unknown>): void {
  if (contentEncoding === 'base64' || contentEncoding === 'base64url') copy['format'] = 'byte';
  else if (contentEncoding === 'binary') copy['format'] = 'binary';
  else if (contentMediaType !== undefined && (type === undefined || type === 'string') && format === undefined)
    Object.assign(copy, { type: 'string', format: 'binary' });
}

/** One type, which may be nullable. */
function addTypes(json: Json, copy: Record<string, unknown>): void {
  const all = (Array.isArray(json['type']) ? json['type'] : [json['type']]) as readonly unknown[];
  const types = all.filter((type) => type !== 'null' && type !== undefined);
  if (all.includes('null')) copy['nullable'] = true;
  const [only, ...others] = types;
  if (only === undefined) {
    if (copy['nullable'] === true && all.includes('null')) Object.assign(copy, { type: 'string', enum: [null] });
    return;
  }
  if (others.length > 0) {
    copy['anyOf'] = types.map((type) => ({ type, ...(type === 'array' ? { items: itemsOf(json) } : {}) }));
    allowNull(copy);
    return;
  }
  copy['type'] = only;
  if (only === 'array') copy['items'] = itemsOf(json);
}

/** What a list of any kind has; a tuple's items each by their place cannot be said. */
function itemsOf({ items, prefixItems }: Json): Json {
  const rest = isObject(items) ? [toSchema(items)] : [];
  if (!Array.isArray(prefixItems)) return rest[0] ?? {};
  const all = [...prefixItems.map(toSchema), ...rest];
  const different = [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
  return different.length === 1 ? (different[0] ?? {}) : { anyOf: different };
}

function addAlternatives(json: Json, copy: Record<string, unknown>): void {
  for (const key of ['anyOf', 'oneOf'] as const) {
    const alternatives = json[key];
    if (!Array.isArray(alternatives)) continue;
    const others = alternatives.filter((one) => !isNull(one)).map(toSchema);
    const isNullable = others.length < alternatives.length;
    const [only] = others;
    if (only !== undefined && others.length === 1 && isNullable) {
      Object.assign(copy, '$ref' in only ? { allOf: [only] } : { ...only, ...copy }, { nullable: true });
      if (Array.isArray(copy['enum']) && !copy['enum'].includes(null))
        copy['enum'] = [...(copy['enum'] as unknown[]), null];
      continue;
    }
    copy[key] = others;
    if (isNullable) allowNull(Object.assign(copy, { nullable: true }), key);
  }
}

/** Null has to fit one of the alternatives too. */
function allowNull(copy: Record<string, unknown>, key: 'anyOf' | 'oneOf' = 'anyOf'): void {
  if (copy['nullable'] !== true) return;
  const alternatives = copy[key] as readonly Json[];
  const first = alternatives.findIndex((one) => one['type'] !== undefined && one['enum'] === undefined);
  copy[key] = alternatives.map((one, index) => (index === first ? { ...one, nullable: true } : one));
}

function isNull(json: unknown): boolean {
  return isObject(json) && (json['type'] === 'null' || json['const'] === null);
}

function isSchema(json: unknown): boolean {
  return typeof json === 'boolean' || isObject(json);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
