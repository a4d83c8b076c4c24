import { isObject, type Json, toSchema30 } from './schema-3-0.ts';

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

/** Where the objects of a document contain others. */
const POSITIONS: Readonly<Record<Exclude<Kind, 'schema' | 'callback'>, Readonly<Record<string, Position>>>> = {
  components: {
    schemas: ['schema', 'map'],
    responses: ['response', 'map'],
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
  info: ['summary'],
  license: ['identifier'],
};

/** Of what a map may contain extensions: anywhere else, `X-` begins a name. */
const EXTENDED: ReadonlySet<Kind> = new Set(['pathItem', 'response']);

/** A described document of OpenAPI 3.1. */
export interface Document31 extends Json {
  readonly paths: Json;
  readonly components: Json;
  readonly webhooks?: Json;
}

/**
 * A document of OpenAPI 3.1 as one of 3.0.3; whatever 3.0 cannot express is left out, so that it says less, but nothing
 * false.
 */
export function toVersion30(document: Document31): Json {
  const { openapi: _, info, servers, paths, webhooks, components, ...rest } = document;
  return {
    openapi: '3.0.3',
    info: convert('info', info),
    ...(servers === undefined ? {} : { servers }),
    paths: convertMap('pathItem', paths),
    components: convert('components', components),
    ...(webhooks === undefined ? {} : { 'x-webhooks': convertMap('pathItem', webhooks) }),
    ...rest,
  };
}

function convert(kind: Kind, value: unknown): unknown {
  if (kind === 'schema') return toSchema30(value);
  if (!isObject(value)) return value;
  if (kind === 'callback') return convertMap('pathItem', value);
  const copy: Record<string, unknown> = { ...value };
  for (const name of ADDED[kind] ?? []) delete copy[name];
  for (const [name, [inner, shape]] of Object.entries(POSITIONS[kind])) {
    const found = copy[name];
    if (found === undefined) continue;
    if (shape === 'one') copy[name] = convert(inner, found);
    else if (shape === 'map' && isObject(found)) copy[name] = convertMap(inner, found);
    else if (Array.isArray(found)) copy[name] = found.map((one) => convert(inner, one));
  }
  return copy;
}

function convertMap(kind: Kind, map: Json): Json {
  return Object.fromEntries(
    Object.entries(map).map(([name, value]) => [
      name,
      name.startsWith('x-') && EXTENDED.has(kind) ? value : convert(kind, value),
    ]),
  );
}
