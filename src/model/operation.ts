import type { PathTemplate } from '../http/path.ts';
import type { CallSite } from '../metadata/call-site.ts';
import type { ResponseDeclarations } from '../content/declarations.ts';
import type { DependableTraits, RouteOptions, SocketDeclaration } from '../metadata/declarations.ts';
import type { SchemeDeclaration } from '../metadata/scheme.ts';
import type { Class, ErrorHandlerDeclaration } from '../metadata/store.ts';
import type { Responses } from './responses.ts';
import type { BodySlot, FormSlot, Graph } from './graph.ts';
import type { Place } from './mistakes.ts';
import type { NamedInput } from './parameters.ts';
import type { SocketUse } from './socket.ts';

/** Responses, and where they are declared. */
export interface PlacedResponses {
  readonly place: Place;
  readonly responses: ResponseDeclarations;
}

/** What was declared of one operation, before its dependencies are resolved. */
export interface OperationDeclaration {
  readonly method: string;
  readonly template: PathTemplate;
  readonly controller: Class;
  /** Where its decorator is written. */
  readonly site: CallSite | undefined;
  /** The declared name, or the class's name without a `Controller` suffix. */
  readonly controllerName: string;
  /** What its default id begins with. */
  readonly idPrefix: string;
  readonly handler: PropertyKey;
  readonly options: RouteOptions;
  readonly tags: readonly string[];
  /** The responses that app and include declare, and those of controllers and route, the farthest first. */
  readonly responses: { readonly far: readonly PlacedResponses[]; readonly near: readonly PlacedResponses[] };
  /** The dependencies of app, include, controller and route that were not left out. */
  readonly listed: readonly NamedInput[];
  readonly parameters: readonly NamedInput[];
  readonly errorHandlers: readonly ErrorHandlerDeclaration[];
  /** Set for a socket. */
  readonly socket: SocketDeclaration | undefined;
}

/** One scheme of a requirement, with the scopes required of it. */
export interface RequiredScheme {
  readonly scheme: SchemeDeclaration;
  readonly scopes: readonly string[];
}

/** Schemes that are required together; an empty list is the anonymous alternative. */
export type Requirement = readonly RequiredScheme[];

/** The body that an operation reads. */
export type BodyUse =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly slots: readonly BodySlot[] }
  | { readonly kind: 'form'; readonly slots: readonly FormSlot[] };

/** One operation as plan and document read it. */
export interface Operation {
  readonly declaration: OperationDeclaration;
  readonly id: string;
  readonly graph: Graph;
  readonly body: BodyUse;
  readonly socket: SocketUse | undefined;
  readonly responses: Responses;
  /** Alternatives, one of which has to be met; empty if the operation has no scheme. */
  readonly security: readonly Requirement[];
  /** What the dependables of the graph add. */
  readonly traits: readonly DependableTraits[];
}

/** The name of an operation in messages: `ItemController.read`. */
export function operationName({ controller, handler }: OperationDeclaration): string {
  return `${controller.name}.${String(handler)}`;
}

/** Where an operation is declared. */
export function placeOf({ controller, handler, site }: OperationDeclaration): Place {
  return { class: controller.name, method: String(handler), site };
}

/** Whether an anonymous request passes the schemes. */
export function isPublic({ security }: Operation): boolean {
  return security.length === 0 || security.some((requirement) => requirement.length === 0);
}
