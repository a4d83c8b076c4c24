import { jsonOf, jsonTypeOf, readForm } from '../http/body.ts';
import { HTTPException } from '../http/errors.ts';
import type { BodyUse } from '../model/operation.ts';
import { FAILED, type Step } from './execution.ts';

/** The step that reads the request's body, after everything that does not need it. */
export function compileBodyStep(body: BodyUse, order: number): Step {
  if (body.kind === 'form') {
    return async function readFormBody(execution) {
      const { incoming, limits } = execution.context;
      execution.form = await readForm(incoming, limits);
    };
  }
  return function readJsonBody(execution) {
    const { incoming, limits } = execution.context;
    const type = jsonTypeOf(incoming);
    return incoming.read(limits.body).then((bytes) => {
      const json = jsonOf(bytes, type, limits);
      if (json?.fault === undefined) {
        execution.json = json?.value;
        return undefined;
      }
      execution.json = FAILED;
      return execution.report(order, [{ type: 'json_invalid', loc: ['body'], msg: json.fault }]);
    });
  };
}

/** RFC 9110 §15.5.14: a declared length over the limit is refused also where nobody would read the body. */
export const refuseOversize: Step = ({ context: { incoming, limits } }) => {
  if (incoming.length > limits.body) throw new HTTPException(413);
};
