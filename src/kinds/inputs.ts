import { checkJson, checkParameters, checkValue } from '../model/check-inputs.ts';
import type { ModelledKind } from '../model/input-kind.ts';
import { formSlot, jsonSlot, textSlot } from '../model/value-slots.ts';
import type { DescribedKind } from '../openapi/input-kind.ts';
import { describeParameters } from '../openapi/parameters.ts';
import { describeForm, describeJson } from '../openapi/request-body.ts';
import { compileForm, compileJson } from '../plan/body.ts';
import type { CompiledBody, CompiledKind } from '../plan/input-kind.ts';
import { compileBody, compileValue } from '../plan/inputs.ts';
import { refusalOf } from '../plan/issues.ts';

/** Values of the path, the query string, headers and cookies. */
export const PARAMETERS: ModelledKind & CompiledKind & DescribedKind = {
  slotOf: textSlot,
  check: checkValue,
  checkTogether: checkParameters,
  compile: compileValue,
  refusal: refusalOf,
  describe: describeParameters,
};

/** Fields and files of a form. */
export const FORM: ModelledKind & CompiledBody & DescribedKind = {
  slotOf: formSlot,
  check: checkValue,
  compile: compileValue,
  compileBody: compileForm,
  refusal: refusalOf,
  describe: describeForm,
};

/** The JSON body. */
export const JSON_BODY: ModelledKind & CompiledBody & DescribedKind = {
  slotOf: jsonSlot,
  check: checkJson,
  compile: compileBody,
  compileBody: compileJson,
  refusal: refusalOf,
  describe: describeJson,
};
