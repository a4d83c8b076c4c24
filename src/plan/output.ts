import { FrameworkError } from '../http/errors.ts';
import { type Output, outputOf, share, toJson } from '../http/reply.ts';
import { type Operation, operationName } from '../model/operation.ts';
import { type Outcome, validatorOf } from './validate.ts';

/** How an operation's values become answers. */
export function compileOutput(operation: Operation): Output {
  const output = outputOf(operation.declaration.options.status ?? 200, compileText(operation), headersOf(operation));
  share(output.jsonHeaders);
  return output;
}

/** Headers of all its replies, names and values in turn. */
export function headersOf(operation: Operation): readonly string[] {
  const headers = new Map<string, string>();
  // RFC 9110 §11.6.2, OWASP ASVS 14.3.2: what was given for a credential is not for any cache.
  if (operation.security.length > 0) headers.set('Cache-Control', 'no-store');
  for (const traits of operation.traits) {
    for (const [name, value] of Object.entries(traits.headers ?? {})) headers.set(name, value);
  }
  return [...headers].flat();
}

/** The JSON text of a value, filtered by the response schema where there is one. */
function compileText({ declaration }: Operation): Output['stringify'] {
  const { response } = declaration.options;
  if (response === undefined) return toJson;
  const validate = validatorOf(response);
  const settle = (outcome: Outcome): string => {
    if (outcome.success) return toJson(outcome.data);
    const issues = outcome.error.issues.map(({ path, message }) => `${path.join('.') || 'the value'}: ${message}`);
    throw new FrameworkError(
      `${operationName(declaration)} returned what its response schema refuses: ${issues.join('; ')}`,
    );
  };
  return function filter(value) {
    const outcome = validate(value);
    return outcome instanceof Promise ? outcome.then((settled) => settle(settled)) : settle(outcome);
  };
}
