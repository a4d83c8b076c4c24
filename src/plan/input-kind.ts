import type { RequestValidationError } from '../http/errors.ts';
import type { PathTemplate } from '../http/path.ts';
import type { InputSlot, Slot } from '../model/graph.ts';
import type { BodyUse } from '../model/operation.ts';
import type { Execution, Step } from './execution.ts';

/** The plan's part of a kind of inputs. */
export interface CompiledKind {
  /**
   * The step that reads a value and validates it.
   *
   * `order` is its position in the declaration, `template` the path of the operation, and `slots` are all its slots.
   */
  compile(slot: InputSlot, order: number, template: PathTemplate, slots: readonly Slot[]): Step;
  /** The error of an execution with issues. */
  refusal(execution: Execution): RequestValidationError;
}

/** The plan's part of a kind whose values are in the body. */
export interface CompiledBody extends CompiledKind {
  /** The steps that read the body, after everything that does not need it; `position` is that of the first. */
  compileBody(body: BodyUse, order: number, position: number): readonly Step[];
}

export function compiledBy({ stages }: InputSlot): CompiledKind {
  return stages as CompiledKind;
}

export function readBy({ stages }: InputSlot): CompiledBody {
  return stages as CompiledBody;
}
