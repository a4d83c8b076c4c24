import { readForm, readJson } from '../http/body.ts';
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
  return async function readJsonBody(execution) {
    const { incoming, limits } = execution.context;
    const json = await readJson(incoming, limits);
    if (json?.fault === undefined) execution.json = json?.value;
    else {
      execution.json = FAILED;
      execution.report(order, [{ type: 'json_invalid', loc: ['body'], msg: json.fault }]);
    }
  };
}

/** RFC 9110 §15.5.14: a declared length over the limit is refused also where nobody would read the body. */
export const refuseOversize: Step = ({ context: { incoming, limits } }) => {
  if (incoming.length > limits.body) throw new HTTPException(413);
};
