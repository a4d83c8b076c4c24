import type { OperationObject, ParameterObject, SecurityRequirementObject } from 'openapi3-ts/oas31';
import type { Operation } from '../model/operation.ts';
import type { Components } from './components.ts';
import { describeInputs } from './input-kind.ts';
import { describeResponses } from './responses.ts';

/** The operation object of one operation; `pathNames` are the names of its path variables, in order. */
export function describeOperation(
  operation: Operation,
  components: Components,
  pathNames: readonly string[],
): OperationObject {
  const { declaration, id, security } = operation;
  const { options, tags, handler } = declaration;
  const { names } = declaration.template;
  // Only a variable that another path of the same shape calls differently has another name.
  const renamed = new Map(
    pathNames
      .map((name, index): [string | undefined, string] => [names[index], name])
      .filter(([own, name]) => own !== name),
  );
  const inputs = describeInputs(operation, components);
  const parameters = (inputs.parameters as readonly ParameterObject[] | undefined)?.map((parameter) => {
    return parameter.in === 'path' ? { ...parameter, name: renamed.get(parameter.name) ?? parameter.name } : parameter;
  });
  return {
    operationId: id,
    summary: options.summary ?? titleCase(String(handler)),
    ...(options.description === undefined ? {} : { description: options.description }),
    tags: [...tags],
    ...(options.deprecated === true ? { deprecated: true } : {}),
    ...(parameters === undefined ? {} : { parameters }),
    ...(inputs.requestBody === undefined ? {} : { requestBody: inputs.requestBody }),
    responses: describeResponses(operation, components),
    ...(security.length === 0 && options.public !== true ? {} : { security: describeSecurity(operation) }),
    ...options.extensions,
  };
}

/** Only schemes that have scopes list them (OpenAPI 3.1, Security Requirement Object). */
function describeSecurity({ security }: Operation): SecurityRequirementObject[] {
  return security.map((requirement) =>
    Object.fromEntries(
      requirement.map(({ scheme, scopes }) => [scheme.schemeName, scheme.declaredScopes === null ? [] : [...scopes]]),
    ),
  );
}

/** `readItems` as `Read Items`. */
function titleCase(name: string): string {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .trim();
  return words.replace(/(^| )([a-z])/g, (_, space: string, letter: string) => space + letter.toUpperCase());
}
