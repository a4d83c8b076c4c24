import { formOf, formTypeOf, jsonOf, jsonTypeOf } from '../http/body.ts';
import { isClosed } from '../model/closed-schema.ts';
import type { BodyUse } from '../model/operation.ts';
import { FAILED, type Step } from './execution.ts';

/** The steps that read a JSON body. */
export function compileJson(body: BodyUse, order: number, position: number): readonly Step[] {
  const slots = body.kind === 'json' ? body.slots : [];
  const isKeyed = slots.some(({ name }) => name !== undefined);
  // To search for nesting and keys of prototypes costs 4 % of a body of 10 kB.
  const bounded = !slots.every(({ accepts }) => isClosed(accepts));
  return [
    readJsonBytes,
    function parseBytes(execution) {
      const bytes = execution.values[position] as Uint8Array;
      const json = jsonOf(bytes, execution.mediaType, bounded ? execution.exchange.limits.depth : undefined);
      execution.json = FAILED;
      if (json?.fault !== undefined) {
        return execution.report(order, [{ type: 'json_invalid', loc: ['body'], msg: json.fault }]);
      }
      if (isKeyed && json !== undefined && !isObject(json.value)) {
        return execution.report(order, [
          { type: 'invalid_type', loc: ['body'], msg: 'Invalid input: expected object' },
        ]);
      }
      execution.json = json?.value;
      return undefined;
    },
  ];
}

/** The steps that read a form. */
export function compileForm(_: BodyUse, __: number, position: number): readonly Step[] {
  return [
    readFormBytes,
    function parseForm(execution) {
      const bytes = execution.values[position] as Uint8Array;
      execution.form = formOf(bytes, execution.mediaType, execution.exchange.limits);
    },
  ];
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const readJsonBytes: Step = (execution) => {
  const { incoming, limits } = execution.exchange;
  execution.mediaType = jsonTypeOf(incoming);
  return incoming.read(limits.body);
};

const readFormBytes: Step = (execution) => {
  const { incoming, limits } = execution.exchange;
  execution.mediaType = formTypeOf(incoming);
  return incoming.read(limits.body);
};
