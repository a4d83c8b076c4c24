import type { Content } from '../content/content.ts';
import { hasNoContent } from '../http/status.ts';
import { isToken } from '../http/token.ts';
import type { ResponseDeclarations } from '../content/declarations.ts';
import { contentOf, isStatus, readResponse, type UsualResponse } from './responses.ts';
import type { Mistakes, Place, Report } from './mistakes.ts';
import { checkSchema } from './schema.ts';

/** Checks responses and reports mistakes where they are declared, whatever a nearer declaration says. */
export function checkResponses(responses: ResponseDeclarations, place: Place, mistakes: Mistakes): void {
  for (const content of checkEach(responses, place, mistakes)) checkEach(content.responses, place, mistakes);
}

/** The same for the usual response of a route. */
export function checkUsual({ response, status }: UsualResponse, place: Place, mistakes: Mistakes): void {
  const content = contentOf(response);
  const its = status ?? content?.status ?? 200;
  if (!isStatus(its)) mistakes.add('INVALID_RESPONSE', place, `its status ${String(its)} is not from 200 to 599`);
  if (response === undefined) return;
  if (content === undefined) {
    mistakes.add('INVALID_RESPONSE', place, 'its `response` is neither a schema nor a content');
    return;
  }
  checkContent(content, String(its), place, mistakes);
  checkEach(content.responses, place, mistakes);
}

function checkEach(
  responses: ResponseDeclarations | undefined,
  place: Place,
  mistakes: Mistakes,
): readonly Content<never>[] {
  return Object.entries(responses ?? {}).flatMap(([key, declaration]) => {
    const response = readResponse(key, declaration, (text) => mistakes.add('INVALID_RESPONSE', place, text));
    for (const content of response?.contents ?? []) checkContent(content, key, place, mistakes);
    for (const [name, schema] of Object.entries(response?.headers ?? {})) {
      if (!isToken(name)) mistakes.add('INVALID_NAME', place, `no header can be called '${name}'`);
      checkSchema(schema, 'output', at(place, mistakes));
    }
    return response?.contents ?? [];
  });
}

function checkContent({ schema, itemSchema }: Content<never>, key: string, place: Place, mistakes: Mistakes): void {
  for (const one of [schema, itemSchema]) {
    if (one !== undefined) checkSchema(one, 'output', at(place, mistakes));
  }
  if (hasNoContent(Number(key))) {
    const text = `it declares a response for status ${key}, which has no body`;
    mistakes.add('RESPONSE_WITHOUT_BODY', place, text);
  }
}

function at(place: Place, mistakes: Mistakes): Report {
  return (code, text) => mistakes.add(code, place, text);
}
