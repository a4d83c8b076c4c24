import type { OperationObject } from 'openapi3-ts/oas31';
import { isInput } from '../model/graph.ts';
import type { Operation } from '../model/operation.ts';
import type { Components } from './components.ts';

/** What of an operation object its inputs say. */
export type DescribedInputs = Pick<OperationObject, 'parameters' | 'requestBody'>;

/** The document's part of a kind of inputs. */
export interface DescribedKind {
  /** Describes all inputs of the kind together. */
  describe(operation: Operation, components: Components): DescribedInputs;
}

export function describeInputs(operation: Operation, components: Components): DescribedInputs {
  const kinds = new Set(operation.graph.slots.filter(isInput).map(({ stages }) => stages as DescribedKind));
  return Object.assign({}, ...[...kinds].map((kind) => kind.describe(operation, components))) as DescribedInputs;
}
