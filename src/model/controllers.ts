import { joinPaths, parsePath } from '../http/path.ts';
import type { ResponseDeclarations } from '../content/declarations.ts';
import { callSiteOf } from '../metadata/call-site.ts';
import { DECLARATION, type ListedDependency, type RouteDeclaration } from '../metadata/declarations.ts';
import {
  type Class,
  controllerOf,
  controllersOf,
  errorHandlersOf,
  isDeclaredTwice,
  isStandardMode,
  routesOf,
} from '../metadata/store.ts';
import type { Mistakes, Place } from './mistakes.ts';
import type { OperationDeclaration, PlacedResponses } from './operation.ts';
import { idPrefixOf } from './operation-id.ts';
import { checkStatics, type NamedInput, readParameters } from './parameters.ts';
import type { AppDeclaration, Include } from './read.ts';

/** Reads what a controller and those it extends declare for each route. */
export function readController(
  app: AppDeclaration,
  include: Include,
  controller: Class,
  mistakes: Mistakes,
): OperationDeclaration[] {
  const declared = typeof controller === 'function' ? controllerOf(controller) : undefined;
  const name = typeof controller === 'function' ? controller.name : String(controller);
  if (declared === undefined) {
    mistakes.add('NOT_A_CONTROLLER', { class: name }, 'it is listed as a controller and has no @Controller decorator');
    return [];
  }
  if (isStandardMode(controller)) {
    const text =
      'its decorators run in standard mode, which has no parameter decorators; set "experimentalDecorators": true in the compilerOptions of tsconfig.json';
    mistakes.add('STANDARD_DECORATORS', { class: name, site: callSiteOf(declared) }, text);
    return [];
  }
  if (isDeclaredTwice(controller)) {
    const text = 'it, or a class that it extends, has @Controller twice, and the options of one of them would be lost';
    mistakes.add('CONTROLLER_TWICE', { class: name, site: callSiteOf(declared) }, text);
  }
  checkStatics(controller, mistakes);
  return readRoutes(app, include, controller, declared.path, mistakes);
}

function readRoutes(
  app: AppDeclaration,
  include: Include,
  controller: Class,
  path: string,
  mistakes: Mistakes,
): OperationDeclaration[] {
  const inherited = inheritedOptions(controller);
  const controllerName = nameOf(controller, mistakes);
  const errorHandlers = errorHandlersOf(controller);
  const far = [
    ...placed(app.responses, { shared: 'responses of the app' }),
    ...placed(include.responses, { shared: 'responses of the include' }),
  ];
  const severalTimes = app.includes.filter(({ controllers }) => controllers.includes(controller)).length > 1;
  const idPrefix = idPrefixOf(controllerName, severalTimes ? include.prefix : '');
  return [...routesOf(controller)].flatMap(([handler, routes]) =>
    routes.flatMap((route): OperationDeclaration[] => {
      const site = callSiteOf(route);
      const place = { class: controller.name, method: String(handler), site };
      const joined = joinPaths(include.prefix, path, route.path);
      const template = parsePath(joined);
      if (typeof template === 'string') {
        mistakes.add('INVALID_PATH', place, `the path '${joined}' cannot be used: ${template}`);
        return [];
      }
      const tags = [...new Set([...include.tags, ...inherited.tags, ...(route.options.tags ?? [])])];
      return [
        {
          method: route.method,
          template,
          controller,
          controllerName,
          idPrefix,
          handler,
          site,
          options: route.options,
          socket: route.socket,
          tags: tags.length === 0 ? [controllerName] : tags,
          responses: { far, near: [...inherited.responses, ...placed(route.options.responses, place)] },
          listed: readLists(app, include, inherited, route, place, mistakes),
          parameters: readParameters(controller, handler, mistakes),
          errorHandlers,
        },
      ];
    }),
  );
}

/** What a controller and those it extends declare, the base first; only `without` is not inherited. */
interface Inherited {
  readonly tags: readonly string[];
  readonly responses: readonly PlacedResponses[];
  readonly dependencies: readonly ListedDependency[];
  readonly without: readonly unknown[];
}

function inheritedOptions(controller: Class): Inherited {
  const controllers = controllersOf(controller);
  const levels = controllers.map(({ declaration }) => declaration.options);
  return {
    tags: levels.flatMap(({ tags }) => tags ?? []),
    responses: controllers.flatMap(({ target, declaration }) => {
      return placed(declaration.options.responses, { class: target.name, site: callSiteOf(declaration) });
    }),
    dependencies: levels.flatMap(({ dependencies }) => dependencies ?? []),
    without: controllerOf(controller)?.options.without ?? [],
  };
}

function placed(responses: ResponseDeclarations | undefined, place: Place): readonly PlacedResponses[] {
  return responses === undefined ? [] : [{ place, responses }];
}

/** The name for ids and tags, which is required: a class may have lost its own. */
function nameOf(controller: Class, mistakes: Mistakes): string {
  const declared = controllerOf(controller);
  const name = declared?.options.name ?? controller.name.replace(/(?<=.)Controller$/, '');
  if (name.trim() === '') {
    const text = "neither the controller nor its class has a name: give it one, @Controller({ name: '…' })";
    mistakes.add('CONTROLLER_WITHOUT_NAME', { site: callSiteOf(declared) }, text);
  }
  return name;
}

/** The lists of app, include, controllers and route in this order, without what the controller or route leaves out. */
function readLists(
  app: AppDeclaration,
  include: Include,
  inherited: Inherited,
  route: RouteDeclaration,
  place: Place,
  mistakes: Mistakes,
): readonly NamedInput[] {
  const own = [...inherited.dependencies, ...(route.options.dependencies ?? [])];
  const inputs = [
    ...readList(app.dependencies, { shared: 'dependencies of the app' }, mistakes),
    ...readList(include.dependencies, { shared: 'dependencies of the include' }, mistakes),
    ...readList(own, place, mistakes),
  ];
  const without = [...inherited.without, ...(route.options.without ?? [])];
  for (const left of without) {
    if (inputs.some(({ input }) => input?.kind === 'depends' && input.dependable === left)) continue;
    mistakes.add('UNKNOWN_WITHOUT', place, '`without` names a dependency that is in no list');
  }
  return inputs.filter(({ input }) => input?.kind !== 'depends' || !without.includes(input.dependable));
}

function readList(list: readonly ListedDependency[], place: Place, mistakes: Mistakes): readonly NamedInput[] {
  return list.flatMap((listed): NamedInput[] => {
    const input = (listed as Partial<ListedDependency> | undefined)?.[DECLARATION];
    if (input?.kind === 'depends') return [{ key: undefined, input, place: { ...place, site: callSiteOf(input) } }];
    const text = 'a list of dependencies contains something that is not Depends(…) or Security(…)';
    mistakes.add('NOT_DEPENDABLE', place, text);
    return [];
  });
}
